import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ErrorCode } from '../rpc/generated/ErrorCode';
import { FakeRuntime } from '../runtime/fake';
import { Rpc } from '../rpc/client';
import { JoinForm, PREVIEW_DELAY_MS } from './join.svelte';
import { EmbeddedServer } from './server.svelte';
import { parsePort, StartTeam } from './start-team.svelte';
import { Unlock } from './unlock.svelte';

const LINK = 'startalk://join/#eyJkIjoidmFsbGV5';

beforeEach(() => {
  vi.useFakeTimers();
});

describe('starting a server', () => {
  function open() {
    const fake = new FakeRuntime();
    const rpc = new Rpc(fake);
    const server = new EmbeddedServer(rpc);
    const form = new StartTeam(rpc, server, 5280);
    form.team = ' Valley ';
    form.name = '李娜';
    form.password = 'correct horse';
    return { fake, server, form };
  }

  test('passes on what was typed, the port only if it was changed', async () => {
    const { fake, form } = open();
    const create = vi.spyOn(fake, 'serverCreate');
    expect(await form.submit()).not.toBeNull();
    form.port = '6000';
    await form.submit();
    const team = { team_name: 'Valley', name: '李娜', password: 'correct horse' };
    expect(create.mock.calls).toEqual([[{ ...team, port: null }], [{ ...team, port: 6000 }]]);
  });

  test('says at each field what is missing and asks nothing of the shell', async () => {
    const { fake, form } = open();
    form.team = ' ';
    form.name = '';
    form.password = '';
    form.port = '99999';
    expect(await form.submit()).toBeNull();
    for (const field of ['team', 'name', 'password', 'port'] as const) {
      expect(form.problems.at(field), field).toBeDefined();
    }
    expect(form.advanced).toBe(true);
    expect(fake.commands).not.toContain('serverCreate');
  });

  test('where the server is here already, only who comes back is asked for', async () => {
    const { fake, server } = open();
    const create = vi.spyOn(fake, 'serverCreate');
    const signIn = vi.spyOn(fake, 'serverSignIn');
    server.update({ state: 'stopped', team_name: 'Valley', error: null });
    const form = new StartTeam(new Rpc(fake), server, 5280);
    expect(form.here).toBe('Valley');
    expect(await form.submit()).toBeNull();
    for (const field of ['name', 'password'] as const) {
      expect(form.problems.at(field), field).toBeDefined();
    }
    form.name = ' 李娜 ';
    form.password = 'correct horse';
    fake.failNext('serverSignIn', 'wrong-password');
    expect(await form.submit()).toBeNull();
    expect(form.problems.at('password')).toBeDefined();
    expect(await form.submit()).not.toBeNull();
    expect(signIn).toHaveBeenLastCalledWith({ name: '李娜', password: 'correct horse' });
    expect(create).not.toHaveBeenCalled();
  });

  test.each<[ErrorCode, 'port' | 'password' | 'name' | 'form']>([
    ['port-in-use', 'port'],
    ['password-too-weak', 'password'],
    ['name-invalid', 'name'],
    ['disk-full', 'form'],
    ['server-start-failed', 'form'],
  ])('puts %s at %s', async (code, field) => {
    const { fake, form } = open();
    fake.failNext('serverCreate', code);
    expect(await form.submit()).toBeNull();
    expect(form.problems.at(field)).toEqual({ error: expect.objectContaining({ code }) });
    expect(form.advanced).toBe(code === 'port-in-use');
    expect(form.busy).toBe(false);
  });

  test('tells its steps from the state of the server', () => {
    const { form, server } = open();
    expect(form.step).toBe('start.step.preparing');
    server.update({ state: 'starting', team_name: 'x' });
    expect(form.step).toBe('start.step.starting');
    server.update({ state: 'running', team_name: 'x', addresses: [], people_online: 0 });
    expect(form.step).toBe('start.step.signing-in');
  });

  test.each([
    ['5280', 5280],
    [' 443 ', 443],
    ['65535', 65535],
    ['65536', null],
    ['0', null],
    ['', null],
    ['-1', null],
    ['5280.5', null],
    ['５２８０', null],
    ['abc', null],
  ])('reads the port %j as %s', (text, port) => {
    expect(parsePort(text)).toBe(port);
  });
});

describe('joining', () => {
  function open() {
    const fake = new FakeRuntime();
    return { fake, form: new JoinForm(new Rpc(fake)) };
  }

  async function paste(form: JoinForm, input: string) {
    form.setInput(input);
    await vi.advanceTimersByTimeAsync(PREVIEW_DELAY_MS);
  }

  test('looks at the text once it has rested', async () => {
    const { fake, form } = open();
    form.setInput('valley');
    await vi.advanceTimersByTimeAsync(PREVIEW_DELAY_MS - 1);
    form.setInput('valley.example');
    await vi.advanceTimersByTimeAsync(PREVIEW_DELAY_MS - 1);
    expect(fake.calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(fake.calls).toEqual([{ type: 'preview-join', input: 'valley.example' }]);
    expect(form.preview?.kind).toBe('sign-in');
  });

  test.each([
    ['startalk://x', 'link-damaged'],
    ['hello there', 'input-not-understood'],
    ['nowhere.invalid', 'server-unknown'],
  ])('says at the field what is wrong with %j', async (input, code) => {
    const { form } = open();
    await paste(form, input);
    expect(form.problems.at('input')).toEqual({ error: expect.objectContaining({ code }) });
    expect(form.preview).toBeNull();
  });

  test('a change of the text takes card and error away', async () => {
    const { form } = open();
    await paste(form, LINK);
    expect(form.preview).not.toBeNull();
    form.setInput('x');
    expect(form.preview).toBeNull();
    await vi.advanceTimersByTimeAsync(PREVIEW_DELAY_MS);
    expect(form.problems.at('input')).toBeDefined();
    form.setInput('');
    expect(form.problems.any).toBe(false);
  });

  test('a slow answer to an older text is dropped', async () => {
    const { fake, form } = open();
    const answer = fake.request.bind(fake);
    let release: () => void = () => undefined;
    fake.request = async (request) => {
      if (request.type === 'preview-join' && request.input === 'slow.example') {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return answer(request);
    };
    await paste(form, 'slow.example');
    await paste(form, 'fast.example');
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(form.preview?.domain).toBe('fast.example');
    expect(form.looking).toBe(false);
  });

  test('takes the user name that the text holds', async () => {
    const { form } = open();
    await paste(form, 'alice@chat.example');
    expect(form.name).toBe('alice');
  });

  test('the button looks first, and says what is missing', async () => {
    const { fake, form } = open();
    expect(await form.submit()).toBeNull();
    expect(form.problems.at('input')).toEqual({ key: 'join.input-missing' });
    form.setInput(LINK);
    expect(await form.submit()).toBeNull();
    expect(form.preview?.kind).toBe('invite');
    expect(await form.submit()).toBeNull();
    expect(form.problems.at('name')).toEqual({ key: 'form.name-missing' });
    expect(form.problems.at('password')).toEqual({ key: 'form.password-missing' });
    expect(fake.countOf('join')).toBe(0);
  });

  test.each<[ErrorCode, 'input' | 'name' | 'password' | 'form']>([
    ['invite-not-valid', 'input'],
    ['certificate-not-trusted', 'input'],
    ['server-unreachable', 'input'],
    ['not-a-chat-server', 'input'],
    ['already-joined', 'input'],
    ['name-taken', 'name'],
    ['name-invalid', 'name'],
    ['wrong-password', 'password'],
    ['password-too-weak', 'password'],
    ['timed-out', 'form'],
    ['internal', 'form'],
  ])('puts %s at %s', async (code, field) => {
    const { fake, form } = open();
    await paste(form, LINK);
    form.name = '王伟';
    form.password = 'pw';
    fake.failNext('join', code);
    expect(await form.submit()).toBeNull();
    expect(form.problems.at(field)).toEqual({ error: expect.objectContaining({ code }) });
    expect(form.preview, 'what was found out stays').not.toBeNull();
    expect(await form.submit()).not.toBeNull();
  });

  test('sends what was typed without the spaces around it', async () => {
    const { fake, form } = open();
    await paste(form, `  ${LINK}\n`);
    form.name = ' 王伟 ';
    form.password = ' with spaces ';
    await form.submit();
    expect(fake.calls.at(-1)).toEqual({
      type: 'join',
      input: LINK,
      name: '王伟',
      password: ' with spaces ',
    });
  });
});

describe('unlocking', () => {
  function open() {
    const fake = new FakeRuntime().withTeam({ unlocked: false });
    return { fake, unlock: new Unlock(new Rpc(fake), 'account-1') };
  }

  test('asks for a password first', async () => {
    const { fake, unlock } = open();
    expect(await unlock.submit()).toBe(false);
    expect(unlock.problems.at('password')).toEqual({ key: 'form.password-missing' });
    expect(fake.calls).toEqual([]);
  });

  test('says that it is wrong, without speaking of a user name', async () => {
    const { unlock } = open();
    unlock.password = 'wrong';
    expect(await unlock.submit()).toBe(false);
    expect(unlock.problems.at('password')).toMatchObject({ key: 'unlock.wrong-password' });
  });

  test('forgets the password once it was right', async () => {
    const { unlock } = open();
    unlock.password = 'right';
    expect(await unlock.submit()).toBe(true);
    expect(unlock.password).toBe('');
  });

  test('tries again without a password what needs none', async () => {
    const { fake, unlock } = open();
    fake.failNext('unlock', 'keyring-unavailable');
    await unlock.tryAgain();
    expect(fake.calls).toEqual([{ type: 'unlock', account: 'account-1', password: '' }]);
    expect(unlock.problems.any).toBe(false);
    expect(unlock.busy).toBe(false);
  });

  test('puts other trouble below the form', async () => {
    const { fake, unlock } = open();
    fake.failNext('unlock', 'cache-failed');
    unlock.password = 'right';
    expect(await unlock.submit()).toBe(false);
    expect(unlock.problems.at('form')).toBeDefined();
  });
});

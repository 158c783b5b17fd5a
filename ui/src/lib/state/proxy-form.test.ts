import { describe, expect, test } from 'vitest';
import { Rpc } from '../rpc/client';
import { FakeRuntime } from '../runtime/fake';
import { ProxyForm } from './proxy-form.svelte';

const PROXY = { proxy: 'manual', kind: 'http', host: 'proxy.valley.local', port: 8080 } as const;

async function scene(choice?: typeof PROXY & { username?: string }) {
  const fake = new FakeRuntime();
  if (choice) fake.connection.proxy = { choice, has_password: true };
  const form = new ProxyForm(new Rpc(fake));
  await form.load();
  return { fake, form };
}

describe('the proxy', () => {
  test('what needs no more words takes effect at once, a proxy when it is saved', async () => {
    const { fake, form } = await scene();
    expect(form.sort).toBe('system');
    await form.choose('none');
    expect(fake.connection.proxy.choice).toEqual({ proxy: 'none' });
    await form.choose('socks5');
    expect(form.port).toBe('1080');
    await form.choose('http');
    expect(form.port).toBe('8080');
    expect(fake.connection.proxy.choice).toEqual({ proxy: 'none' });
    form.host = ' [fd00::1] ';
    form.user = 'lina';
    form.password = 'secret';
    expect(await form.save()).toBe(true);
    expect(fake.connection.proxy).toEqual({
      choice: { proxy: 'manual', kind: 'http', host: 'fd00::1', port: 8080, username: 'lina' },
      has_password: true,
    });
    expect(fake.connection.passwords).toEqual(['secret']);
  });

  test('the password is never shown again, and stays for the same proxy only', async () => {
    const { fake, form } = await scene(PROXY);
    expect(form.password).toBe('');
    expect(form.keepsPassword).toBe(true);
    await form.save();
    expect(fake.connection.proxy.has_password).toBe(true);
    form.host = 'other.valley.local';
    expect(form.keepsPassword).toBe(false);
    await form.save();
    expect(fake.connection.proxy.has_password).toBe(false);
  });

  test('the password can be forgotten', async () => {
    const { fake, form } = await scene(PROXY);
    await form.forgetPassword();
    expect(fake.connection.passwords).toEqual(['']);
    expect(form.keepsPassword).toBe(false);
    expect(form.sort).toBe('http');
  });

  test.each(['', '0', '65536', '80a', '-1'])('the port %o is none', async (port) => {
    const { fake, form } = await scene(PROXY);
    form.port = port;
    expect(await form.save()).toBe(false);
    expect(form.problems.at('port')).toEqual({ key: 'form.port-invalid' });
    expect(fake.countOf('connection')).toBe(1);
  });

  test('what the engine does not take is said at the address', async () => {
    const { fake, form } = await scene(PROXY);
    fake.failNext('connection', 'input-not-understood');
    form.host = 'http://proxy';
    expect(await form.save()).toBe(false);
    expect(form.problems.at('host')).toMatchObject({ error: { code: 'input-not-understood' } });
  });
});

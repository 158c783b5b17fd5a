import { describe, expect, test } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { App } from './app.svelte';

/** Until all that was asked for has been answered. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

async function opened(): Promise<{ app: App; runtime: FakeRuntime }> {
  const runtime = new FakeRuntime().withTeam();
  const app = new App(new Rpc(runtime));
  await app.start();
  return { app, runtime };
}

test('U06: a link asks before anything is done, and its text is not sent', async () => {
  const { app, runtime } = await opened();
  const link = { kind: 'chat', address: 'tomas@valley.local', text: 'Hallo' } as const;
  runtime.push({ type: 'open-link', link });
  expect(app.outsideLink?.wish).toEqual(link);
  expect(runtime.countOf('start-conversation')).toBe(0);
  await app.outsideLink?.accept();
  expect(app.outsideLink).toBeNull();
  expect(app.session?.selected).toBe('tomas@valley.local');
  expect(runtime.talks.get('tomas@valley.local')?.draft).toBe('Hallo');
  expect(runtime.countOf('send-message')).toBe(0);
});

test('U06: the text of a link is put behind what was being written', async () => {
  const { app, runtime } = await opened();
  const address = app.session!.selected!;
  app.session!.composer!.input('half a sentence');
  const follow = async (text: string) => {
    runtime.push({ type: 'open-link', link: { kind: 'chat', address, text } });
    await app.outsideLink?.accept();
  };
  await follow('Hi');
  expect(app.session!.composer!.text).toBe('half a sentence\nHi');
  expect(runtime.talks.get(address)?.draft).toBe('half a sentence\nHi');
  // A change of a message is not what the link means.
  app.session!.composer!.edit(app.session!.timeline!.lastOwn!);
  const { text } = app.session!.composer!;
  await follow('again');
  expect(app.session!.composer!.text).toBe(text);
  app.session!.composer!.stopEditing();
  expect(app.session!.composer!.text).toBe('half a sentence\nHi\nagain');
});

test('U06: a link that is dismissed or not understood does nothing', async () => {
  const { app, runtime } = await opened();
  const before = runtime.calls.length;
  runtime.push({ type: 'open-link', link: { kind: 'room', address: 'sales@rooms.valley.local' } });
  app.outsideLink?.dismiss();
  expect(app.outsideLink).toBeNull();
  runtime.push({ type: 'link-refused' });
  expect(app.outsideLink?.wish).toBeNull();
  await app.outsideLink?.accept();
  expect(runtime.calls.length).toBe(before);
});

test('U79: what a notification opens waits until the window is up', async () => {
  const runtime = new FakeRuntime().withTeam();
  const app = new App(new Rpc(runtime));
  const conversation = 'anna@valley.local';
  app.handle({ type: 'open-conversation', account: ACCOUNT, conversation, message: null });
  await app.start();
  await expect.poll(() => app.session?.selected).toBe(conversation);
  const read = runtime.calls.flatMap((call) =>
    call.type === 'messages' ? [call.conversation] : [],
  );
  expect(new Set(read)).toEqual(new Set([conversation]));
});

test('U79: what a notification is about is opened and shown', async () => {
  const { app, runtime } = await opened();
  const conversation = 'anna@valley.local';
  const message = runtime.receive(conversation, 'new').id;
  runtime.push({ type: 'open-conversation', account: ACCOUNT, conversation, message });
  await expect.poll(() => app.session?.selected).toBe(conversation);
  await expect.poll(() => app.session?.timeline?.messages.at(-1)?.id).toBe(message);
});

test('U109: a locked window forgets the chats and has them again after the secret', async () => {
  const { app, runtime } = await opened();
  await runtime.desktop.lockChoose(null, 'geheim');
  await runtime.desktop.lockWindow();
  expect(app.lock.locked).toBe(true);
  expect(app.session).toBeNull();
  app.lock.secret = 'falsch';
  await app.lock.open();
  expect(app.lock.problems.at('secret')?.key).toBe('window-lock.wrong');
  app.lock.secret = 'geheim';
  await app.lock.open();
  expect(app.lock.locked).toBe(false);
  await expect.poll(() => app.session?.list.loaded).toBe(true);
  expect(app.lock.secret).toBe('');
});

describe('U79 U109: a notification that is clicked while the window is locked', () => {
  const ANNA = 'anna@valley.local';
  const OTHER = 'account-2';

  async function locked() {
    const runtime = new FakeRuntime().withTeam();
    runtime.withAccount({ id: OTHER });
    const app = new App(new Rpc(runtime));
    await app.start();
    await runtime.desktop.lockChoose(null, 'geheim');
    await runtime.desktop.lockWindow();
    const click = (account: string, conversation: string, message: number | null = null) =>
      runtime.push({ type: 'open-conversation', account, conversation, message });
    const unlock = async () => {
      app.lock.secret = 'geheim';
      await app.lock.open();
    };
    return { app, runtime, click, unlock };
  }

  test('is followed when the secret was given; the last of several', async () => {
    const { app, runtime, click, unlock } = await locked();
    const { id } = runtime.receive(ANNA, 'new');
    click(ACCOUNT, 'wangwei@valley.local');
    click(ACCOUNT, ANNA, id);
    await unlock();
    await expect.poll(() => app.session?.timeline?.jump?.to).toBe(id);
    expect(app.session?.selected).toBe(ANNA);
    await runtime.desktop.lockWindow();
    await unlock();
    await expect.poll(() => app.session?.timeline?.loaded).toBe(true);
    expect(app.session?.timeline?.jump).toBeNull();
  });

  test('opens nothing behind the lock, and then the account that it is about', async () => {
    const { app, runtime, click, unlock } = await locked();
    const before = runtime.countOf('messages');
    click(OTHER, ANNA);
    runtime.emit({ type: 'accounts-changed' });
    await settled();
    expect(app.session).toBeNull();
    expect(runtime.countOf('messages')).toBe(before);
    await unlock();
    await expect.poll(() => app.session?.selected).toBe(ANNA);
    expect(app.session?.account).toBe(OTHER);
  });

  test('is no reason to read anything else on the way', async () => {
    const { app, runtime, click, unlock } = await locked();
    click(OTHER, ANNA);
    const before = runtime.calls.length;
    await unlock();
    await expect.poll(() => app.session?.timeline?.loaded).toBe(true);
    const read = runtime.calls
      .slice(before)
      .flatMap((call) => (call.type === 'messages' ? [call.conversation] : []));
    expect(new Set(read)).toEqual(new Set([ANNA]));
  });
});

test('U79: what is about an account that was signed out opens nothing', async () => {
  const { app, runtime } = await opened();
  const { session } = app;
  const conversation = 'anna@valley.local';
  runtime.push({ type: 'open-conversation', account: 'gone', conversation, message: null });
  await settled();
  expect(app.screen).toBe('main');
  expect(app.session).toBe(session);
  expect(app.session?.selected).not.toBe(conversation);
  await app.switchTo('gone');
  expect(app.session).toBe(session);
});

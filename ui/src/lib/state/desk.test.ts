import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import type { Sound } from '../sound/microphone';
import { App } from './app.svelte';
import { MAX_BYTES } from './composer.svelte';

const WANGWEI = 'wangwei@valley.local';
const ANNA = 'anna@valley.local';
const OTHER = 'account-2';
const sound: Sound = { bytes: new Blob(['la'], { type: 'audio/ogg' }), end: 'ogg' };
const recording = { level: () => 0.5, stop: async () => sound, cancel: () => undefined };

vi.mock('../sound/microphone', () => ({
  microphone: () => ({ start: async () => recording }),
}));

async function open() {
  const fake = new FakeRuntime().withTeam().withFiles();
  fake.withAccount({ id: OTHER });
  const app = new App(new Rpc(fake));
  await app.start();
  const session = () => app.session!;
  const composer = () => session().composer!;
  return { fake, app, session, composer };
}

async function lockAndOpen({ fake, app }: Awaited<ReturnType<typeof open>>) {
  await fake.desktop.lockChoose(null, 'geheim');
  await fake.desktop.lockWindow();
  app.lock.secret = 'geheim';
  await app.lock.open();
  await vi.waitFor(() => expect(app.session?.composer).toBeTruthy());
}

const elsewhere: [string, (stage: Awaited<ReturnType<typeof open>>) => Promise<void>][] = [
  [
    'another conversation',
    async ({ session }) => {
      await session().go(ANNA);
      await session().go(WANGWEI);
    },
  ],
  [
    'another account',
    async ({ app, session }) => {
      await app.switchTo(OTHER);
      await app.switchTo(ACCOUNT);
      await session().go(WANGWEI);
    },
  ],
  [
    'the lock',
    async (stage) => {
      await lockAndOpen(stage);
      await stage.session().go(WANGWEI);
    },
  ],
];

describe.each(elsewhere)('U44: what was being written is there again after %s', (_, leave) => {
  let stage: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    stage = await open();
  });

  test('a change of a message, and what was written before it', async () => {
    const { composer, session } = stage;
    composer().input('half a sentence');
    const own = session().timeline!.lastOwn!;
    composer().edit(own);
    composer().input('better');
    await leave(stage);
    expect(composer().editing?.id).toBe(own.id);
    expect(composer().text).toBe('better');
    composer().stopEditing();
    expect(composer().text).toBe('half a sentence');
  });

  test('an answer', async () => {
    const { composer, session, fake } = stage;
    const answered = session().timeline!.messages[0]!;
    composer().answer(answered);
    await leave(stage);
    expect(composer().replyTo?.id).toBe(answered.id);
    composer().input('yes');
    const { sent } = session().timeline!;
    await composer().send();
    expect(fake.talks.get(WANGWEI)!.messages.at(-1)!.reply?.message).toBe(answered.id);
    // The conversation that is open now goes to its end.
    expect(session().timeline!.sent).toBe(sent + 1);
  });

  test('files, with what is to be said of them', async () => {
    const { composer } = stage;
    composer().files.add([new File(['x'], 'plan.txt')], 'the plan');
    await leave(stage);
    expect(composer().files.pending.map(({ name }) => name)).toEqual(['plan.txt']);
    expect(composer().files.caption).toBe('the plan');
  });

  test('a text that is too long for a draft', async () => {
    const { fake, composer } = stage;
    fake.failNext('set-draft', 'message-too-long');
    composer().input('a'.repeat(MAX_BYTES + 1));
    await leave(stage);
    expect(composer().text).toHaveLength(MAX_BYTES + 1);
  });

  test('what was said into the microphone', async () => {
    const { composer } = stage;
    const now = vi.spyOn(Date, 'now');
    await composer().voice!.start();
    now.mockReturnValue(Date.now() + 5_000);
    await leave(stage);
    await vi.waitFor(() => expect(composer().voice?.phase).toBe('ready'));
    expect(composer().voice!.sound).toBe(sound);
  });
});

test('U44: who comes back at once goes on with the newest text', async () => {
  const { session, composer } = await open();
  composer().input('first');
  await session().go(ANNA);
  await session().go(WANGWEI);
  composer().input('first, and more');
  const away = session().go(ANNA);
  const back = session().go(WANGWEI);
  expect(composer().text).toBe('first, and more');
  composer().input('');
  const again = session().go(ANNA);
  const last = session().go(WANGWEI);
  // The list still tells of the draft that was emptied.
  expect(composer().text).toBe('');
  await Promise.all([away, back, again, last]);
});

test('U44: of a conversation with nothing in it nothing is kept', async () => {
  const { fake, session, composer } = await open();
  const before = composer();
  await session().go(ANNA);
  await vi.waitFor(() => expect(session().list.find(ANNA)).toBeDefined());
  // Something else writes a draft: it is what stands there.
  await fake.request({ type: 'set-draft', account: ACCOUNT, conversation: WANGWEI, text: 'new' });
  await vi.waitFor(() => expect(session().list.find(WANGWEI)?.draft).toBe('new'));
  await session().go(WANGWEI);
  expect(composer()).not.toBe(before);
  expect(composer().text).toBe('new');
});

test('U44: who signs out leaves nothing behind', async () => {
  const { app, composer } = await open();
  composer().files.add([new File(['x'], 'plan.txt')], 'the plan');
  const { files } = composer();
  await app.signOut(ACCOUNT, true);
  await vi.waitFor(() => expect(files.pending).toEqual([]));
});

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { Rpc } from '../rpc/client';
import { Composer, MAX_BYTES, TYPING_PAUSE_MS } from './composer.svelte';
import { Here } from './here.svelte';

const WANGWEI = 'wangwei@valley.local';

function open(draft = '', inRoom = false) {
  const fake = new FakeRuntime().withTeam();
  const sent = vi.fn();
  const rpc = new Rpc(fake);
  const composer = new Composer({
    rpc,
    account: ACCOUNT,
    conversation: WANGWEI,
    draft,
    here: new Here(rpc, ACCOUNT, WANGWEI, inRoom),
    sent,
  });
  const drafts = () => fake.calls.flatMap((call) => (call.type === 'set-draft' ? [call.text] : []));
  const typing = () =>
    fake.calls.flatMap((call) => (call.type === 'set-typing' ? [call.typing] : []));
  const texts = () =>
    fake.calls.flatMap((call) => (call.type === 'send-message' ? [call.text] : []));
  return { fake, composer, sent, drafts, typing, texts };
}

beforeEach(() => {
  vi.useFakeTimers();
});

describe('U44: drafts', () => {
  test('are saved within 300 ms of the last key, once', async () => {
    const { composer, drafts } = open();
    composer.input('n');
    await vi.advanceTimersByTimeAsync(100);
    composer.input('ni');
    await vi.advanceTimersByTimeAsync(299);
    expect(drafts()).toEqual(['ni']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(drafts()).toEqual(['ni']);
  });

  test('are saved at once when the conversation is left', async () => {
    const { composer, drafts } = open();
    composer.input('half a sen');
    await composer.leave();
    expect(drafts()).toEqual(['half a sen']);
  });

  test('that did not change are not saved again', async () => {
    const { composer, drafts } = open('as it was');
    expect(composer.text).toBe('as it was');
    await composer.leave();
    expect(drafts()).toEqual([]);
  });

  test('are removed by emptying the field', async () => {
    const { composer, drafts } = open('old');
    composer.input('');
    await composer.leave();
    expect(drafts()).toEqual(['']);
  });

  test('that could not be saved are tried again', async () => {
    const { fake, composer, drafts } = open();
    fake.failNext('set-draft', 'cache-failed');
    composer.input('text');
    await composer.leave();
    await composer.leave();
    expect(drafts()).toEqual(['text', 'text']);
  });
});

test('U44: the draft before one that was refused goes when the field is emptied', async () => {
  const { fake, composer } = open('old');
  fake.talks.get(WANGWEI)!.draft = 'old';
  fake.failNext('set-draft', 'message-too-long');
  composer.input('far too long');
  await composer.leave();
  composer.input('');
  await composer.leave();
  expect(fake.talks.get(WANGWEI)!.draft).toBe('');
});

describe('sending', () => {
  test('empties the field at once and stores the text as typed', async () => {
    const { composer, texts, sent } = open();
    composer.input('  第一行\n第二行 🎉 ');
    const done = composer.send();
    expect(composer.text).toBe('');
    await done;
    expect(texts()).toEqual(['  第一行\n第二行 🎉 ']);
    expect(sent).toHaveBeenCalledOnce();
  });

  test.each(['', ' ', '\n\t '])('does nothing with %j', async (text) => {
    const { composer, texts } = open();
    composer.input(text);
    expect(composer.canSend).toBe(false);
    await composer.send();
    expect(texts()).toEqual([]);
  });

  test('keeps the order of quick messages', async () => {
    const { composer, texts } = open();
    const all = ['1', '2', '3'].map((text) => {
      composer.input(text);
      return composer.send();
    });
    await Promise.all(all);
    expect(texts()).toEqual(['1', '2', '3']);
  });

  test('leaves no draft behind', async () => {
    const { composer, drafts, fake } = open();
    composer.input('text');
    await vi.advanceTimersByTimeAsync(250);
    await composer.send();
    await composer.leave();
    await vi.advanceTimersByTimeAsync(1000);
    expect(drafts()).toEqual(['text']);
    expect(fake.talks.get(WANGWEI)?.draft).toBe('');
  });

  test('that fails puts the text back, in front of what was typed since', async () => {
    const { fake, composer } = open();
    fake.failNext('send-message', 'message-too-long');
    composer.input('long');
    const done = composer.send();
    composer.input('next');
    await done;
    expect(composer.text).toBe('long\nnext');
    expect(composer.problem?.code).toBe('message-too-long');
    composer.input('shorter');
    expect(composer.problem).toBeNull();
  });

  test('twice at once sends once', async () => {
    const { composer, texts } = open();
    composer.input('once');
    await Promise.all([composer.send(), composer.send()]);
    expect(texts()).toEqual(['once']);
  });
});

describe('typing', () => {
  test('is told once, and its end after a pause', async () => {
    const { composer, typing } = open();
    composer.input('a');
    composer.input('ab');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS - 1);
    composer.input('abc');
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS - 1);
    expect(typing()).toEqual([true]);
    await vi.advanceTimersByTimeAsync(1);
    expect(typing()).toEqual([true, false]);
    composer.input('abcd');
    expect(typing()).toEqual([true, false, true]);
  });

  test.each([
    ['sending', (composer: Composer) => composer.send()],
    ['leaving the field', (composer: Composer) => composer.leave()],
    ['emptying the field', (composer: Composer) => composer.input('')],
  ])('ends by %s', async (_name, act) => {
    const { composer, typing } = open();
    composer.input('a');
    await act(composer);
    expect(typing()).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(TYPING_PAUSE_MS * 2);
    expect(typing()).toEqual([true, false]);
  });

  test('that cannot be told disturbs nobody', async () => {
    const { fake, composer } = open();
    fake.failNext('set-typing', 'locked');
    composer.input('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(composer.problem).toBeNull();
  });
});

describe('answering', () => {
  test('goes with the message, once', async () => {
    const { fake, composer } = open();
    const answered = fake.talks.get(WANGWEI)!.messages[3]!;
    composer.answer(answered);
    composer.input('yes');
    await composer.send();
    expect(composer.replyTo).toBeNull();
    const sent = fake.talks.get(WANGWEI)!.messages.at(-1)!;
    expect(sent.reply).toMatchObject({ message: answered.id, excerpt: answered.text });
  });

  test('that fails is an answer still', async () => {
    const { fake, composer } = open();
    const answered = fake.talks.get(WANGWEI)!.messages[3]!;
    composer.answer(answered);
    composer.input('yes');
    fake.failNext('message', 'disk-full');
    await composer.send();
    expect(composer.text).toBe('yes');
    expect(composer.replyTo?.id).toBe(answered.id);
  });
});

describe('editing', () => {
  const own = (fake: FakeRuntime) =>
    fake.talks.get(WANGWEI)!.messages.findLast(({ direction }) => direction === 'outgoing')!;

  test('puts the draft aside and brings it back', async () => {
    const { fake, composer, drafts, typing } = open('half a sentence');
    composer.edit(own(fake));
    expect(composer.text).toBe(own(fake).text);
    composer.input('changed');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(drafts()).toEqual([]);
    expect(typing()).toEqual([]);
    composer.stopEditing();
    expect(composer.text).toBe('half a sentence');
    expect(own(fake).edited_ms).toBeNull();
  });

  test('changes the message', async () => {
    const { fake, composer } = open('draft');
    composer.edit(own(fake));
    composer.input('better');
    await composer.send();
    expect(own(fake)).toMatchObject({ text: 'better' });
    expect(own(fake).edited_ms).not.toBeNull();
    expect(composer.text).toBe('draft');
  });

  test('that changes nothing tells nobody', async () => {
    const { fake, composer } = open();
    composer.edit(own(fake));
    await composer.send();
    expect(fake.countOf('message')).toBe(0);
    expect(composer.editing).toBeNull();
  });

  test('that fails goes on, with the reason', async () => {
    const { fake, composer } = open('draft');
    composer.edit(own(fake));
    composer.input('better');
    fake.failNext('message', 'not-allowed');
    await composer.send();
    expect(composer.editing?.id).toBe(own(fake).id);
    expect(composer.text).toBe('better');
    expect(composer.problem?.code).toBe('not-allowed');
    composer.stopEditing();
    expect(composer.text).toBe('draft');
  });
});

test('U49: those who were chosen are named, where their names still stand', async () => {
  const { fake, composer } = open();
  composer.choose({ name: '王伟', address: WANGWEI });
  composer.choose({ name: 'Anna', address: 'anna@valley.local' });
  composer.input('@王伟 hi @Ann @王伟');
  await composer.send();
  expect(fake.calls.at(-1)).toMatchObject({
    type: 'message',
    action: 'send',
    mentions: [
      { start: 0, end: 3, address: WANGWEI },
      { start: 12, end: 15, address: WANGWEI },
    ],
  });
});

describe('U49: those who were chosen', () => {
  const own = (fake: FakeRuntime) =>
    fake.talks.get(WANGWEI)!.messages.findLast(({ direction }) => direction === 'outgoing')!;
  const named = (fake: FakeRuntime) =>
    fake.calls.flatMap((call) =>
      call.type === 'message' && (call.action === 'send' || call.action === 'edit')
        ? [call.mentions.map(({ address }) => address)]
        : [],
    );

  test('are named still after another message was changed', async () => {
    const { fake, composer } = open();
    composer.choose({ name: '王伟', address: WANGWEI });
    composer.input('@王伟 hi');
    composer.edit(own(fake));
    composer.edit(fake.talks.get(WANGWEI)!.messages[0]!);
    composer.stopEditing();
    await composer.send();
    expect(named(fake)).toEqual([[WANGWEI]]);
  });

  test('in a change are named still if it has to be tried again', async () => {
    const { fake, composer } = open();
    composer.edit(own(fake));
    composer.choose({ name: '王伟', address: WANGWEI });
    composer.input('@王伟 better');
    fake.failNext('message', 'cache-failed');
    await composer.send();
    await composer.send();
    expect(named(fake)).toEqual([[WANGWEI], [WANGWEI]]);
    expect(composer.problem).toBeNull();
  });

  test('are found again in the draft after a restart', async () => {
    const { fake, composer } = open('@王伟 hi');
    await composer.send();
    expect(named(fake)).toEqual([[WANGWEI]]);
  });

  test('are nobody in what is typed after a restart', async () => {
    const { fake, composer, texts } = open('half');
    composer.input('half @王伟 hi');
    await composer.send();
    expect(named(fake)).toEqual([]);
    expect(texts()).toEqual(['half @王伟 hi']);
  });
});

describe('commands', () => {
  test('that are ours do what they say', async () => {
    const { composer, texts } = open();
    composer.input('/shrug who knows');
    await composer.send();
    composer.input('/me waves');
    await composer.send();
    composer.input('//me');
    await composer.send();
    composer.input('/etc/hosts');
    await composer.send();
    composer.input('/topic not in a room');
    await composer.send();
    expect(texts()).toEqual([
      'who knows ¯\\_(ツ)_/¯',
      '/me waves',
      '/me',
      '/etc/hosts',
      '/topic not in a room',
    ]);
  });

  test('change the topic of a room and say nothing', async () => {
    const { fake, composer, texts, sent } = open('', true);
    composer.input('/topic Release 2');
    await composer.send();
    expect(fake.calls).toContainEqual({
      type: 'rooms',
      action: 'set-subject',
      account: ACCOUNT,
      room: WANGWEI,
      subject: 'Release 2',
    });
    expect(texts()).toEqual([]);
    expect(sent).not.toHaveBeenCalled();
  });
});

test('U52: the rest of a long text is counted, and what is too long is kept', async () => {
  const { composer, texts } = open();
  composer.input('a'.repeat(1_000));
  expect(composer.left).toBeNull();
  composer.input('汉'.repeat(MAX_BYTES / 3 - 100));
  expect(composer.left).toBeGreaterThan(0);
  composer.input('汉'.repeat(MAX_BYTES));
  expect(composer.left).toBeLessThan(0);
  expect(composer.canSend).toBe(false);
  await composer.send();
  expect(texts()).toEqual([]);
  expect(composer.text).toHaveLength(MAX_BYTES);
});

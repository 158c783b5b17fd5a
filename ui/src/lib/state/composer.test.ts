import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { Rpc } from '../rpc/client';
import { Composer, TYPING_PAUSE_MS } from './composer.svelte';

const WANGWEI = 'wangwei@valley.local';

function open(draft = '') {
  const fake = new FakeRuntime().withTeam();
  const sent = vi.fn();
  const composer = new Composer({
    rpc: new Rpc(fake),
    account: ACCOUNT,
    conversation: WANGWEI,
    draft,
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

describe('drafts', () => {
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

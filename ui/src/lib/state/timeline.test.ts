import { describe, expect, test, vi } from 'vitest';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { longHistory } from '../runtime/fixtures';
import { Rpc } from '../rpc/client';
import { Attention } from './attention.svelte';
import { Timeline } from './timeline.svelte';

const WANGWEI = 'wangwei@valley.local';

async function open(prepare: (fake: FakeRuntime) => void = () => undefined) {
  const fake = new FakeRuntime().withAccount();
  prepare(fake);
  const attention = new Attention();
  attention.focused = true;
  const arrived = vi.fn();
  const timeline = new Timeline({
    rpc: new Rpc(fake),
    account: ACCOUNT,
    conversation: WANGWEI,
    attention,
    unread: () => 0,
    arrived,
  });
  await timeline.open();
  const texts = () => timeline.messages.map(({ text }) => text);
  const marked = () =>
    fake.calls.flatMap((call) => (call.type === 'mark-displayed' ? [call.message] : []));
  return { fake, attention, timeline, texts, marked, arrived };
}

const fill = (pages: number) => (fake: FakeRuntime) => {
  fake.fill(WANGWEI, longHistory(pages));
};

describe('opening', () => {
  test('loads the newest page', async () => {
    const { timeline } = await open(fill(4));
    expect(timeline.messages).toHaveLength(60);
    expect(timeline.messages.at(-1)?.id).toBe(240);
    expect(timeline.hasOlder).toBe(true);
    expect(timeline.newFrom).toBeNull();
  });

  test('loads back to the first unread message and draws the line there', async () => {
    const { timeline, marked } = await open((fake) => {
      fake.fill(WANGWEI, longHistory(1));
      for (let index = 0; index < 150; index += 1) fake.receive(WANGWEI, `new ${index}`);
    });
    expect(timeline.newFrom).toBe(61);
    expect(timeline.messages.some(({ id }) => id === 61)).toBe(true);
    expect(timeline.newBelow).toBe(150);
    expect(marked()).toEqual([]);
  });

  test('that fails says so and can be tried again', async () => {
    const { timeline, fake } = await open((it) => it.failNext('messages', 'cache-failed'));
    expect(timeline.problem?.code).toBe('cache-failed');
    fake.receive(WANGWEI, 'hello');
    await timeline.refresh();
    expect(timeline.problem).toBeNull();
    expect(timeline.messages).toHaveLength(1);
  });
});

describe('older messages', () => {
  test('come in front, page by page, to the first one', async () => {
    const { timeline } = await open(fill(3));
    await timeline.loadOlder();
    await timeline.loadOlder();
    await timeline.loadOlder();
    expect(timeline.messages.map(({ id }) => id)).toEqual(
      Array.from({ length: 180 }, (_, index) => index + 1),
    );
    expect(timeline.hasOlder).toBe(false);
  });

  test('are asked for once at a time', async () => {
    const { timeline, fake } = await open(fill(3));
    await Promise.all([timeline.loadOlder(), timeline.loadOlder()]);
    expect(fake.countOf('messages')).toBe(2);
    expect(timeline.messages).toHaveLength(120);
  });

  test('stay when something changes further down', async () => {
    const { timeline, fake } = await open(fill(8));
    for (let page = 0; page < 6; page += 1) await timeline.loadOlder();
    expect(timeline.messages).toHaveLength(420);
    const { id } = fake.receive(WANGWEI, 'at last');
    await timeline.refresh();
    expect(timeline.messages).toHaveLength(421);
    expect(timeline.messages.at(-1)?.id).toBe(id);
    expect(new Set(timeline.messages.map((message) => message.id)).size).toBe(421);
  });

  test('are let go again at the bottom, so that a window left open does not grow', async () => {
    const { timeline, fake } = await open(fill(8));
    for (let page = 0; page < 6; page += 1) await timeline.loadOlder();
    timeline.setAtBottom(true);
    fake.receive(WANGWEI, 'at last');
    await timeline.refresh();
    expect(timeline.messages).toHaveLength(200);
    expect(timeline.hasOlder).toBe(true);
  });
});

describe('changes', () => {
  test('of a state keep the message in its place', async () => {
    const { timeline, fake } = await open((it) => {
      it.fill(WANGWEI, [
        { direction: 'outgoing', text: 'a', ago: 2, state: { state: 'waiting' } },
        { direction: 'incoming', text: 'b', ago: 1 },
      ]);
    });
    fake.setDelivery(1, { state: 'read' });
    await timeline.refresh();
    expect(timeline.messages.map(({ id, delivery }) => [id, delivery?.state])).toEqual([
      [1, 'read'],
      [2, undefined],
    ]);
  });

  test('announce what came in, and only that', async () => {
    const { timeline, fake, arrived } = await open(fill(1));
    await timeline.refresh();
    await timeline.loadOlder();
    expect(arrived).not.toHaveBeenCalled();
    fake.receive(WANGWEI, 'hello');
    await timeline.refresh();
    expect(arrived).toHaveBeenCalledExactlyOnceWith([expect.objectContaining({ text: 'hello' })]);
  });

  test('retry and delete a failed message', async () => {
    const { timeline, fake, texts } = await open((it) => {
      it.fill(WANGWEI, [
        {
          direction: 'outgoing',
          text: 'a',
          ago: 2,
          state: { state: 'failed', code: 'message-rejected' },
        },
        {
          direction: 'outgoing',
          text: 'b',
          ago: 1,
          state: { state: 'failed', code: 'message-rejected' },
        },
      ]);
    });
    await timeline.retry(1);
    expect(timeline.messages[0]?.delivery).toEqual({ state: 'waiting' });
    await timeline.remove(2);
    expect(texts()).toEqual(['a']);
    fake.failNext('delete-message', 'not-found');
    await timeline.remove(1);
    expect(texts()).toEqual(['a']);
  });

  test('after the conversation was left change nothing', async () => {
    const { timeline, fake, texts } = await open();
    timeline.close();
    fake.receive(WANGWEI, 'late');
    await timeline.refresh();
    expect(texts()).toEqual([]);
  });
});

describe('reading', () => {
  const unread = (fake: FakeRuntime) => {
    fake.fill(WANGWEI, [{ direction: 'incoming', text: 'old', ago: 9 }]);
    fake.receive(WANGWEI, 'new');
  };

  test('is told when the window has the focus and the newest message is on screen', async () => {
    const { timeline, marked } = await open(unread);
    timeline.setAtBottom(true);
    expect(marked()).toEqual([2]);
    timeline.setAtBottom(true);
    expect(marked()).toEqual([2]);
  });

  test('is not told above the bottom', async () => {
    const { timeline, marked } = await open(unread);
    timeline.setAtBottom(false);
    timeline.considerRead();
    expect(marked()).toEqual([]);
  });

  test('is not told without the focus, but when it comes back', async () => {
    const { timeline, marked, attention } = await open(unread);
    attention.focused = false;
    timeline.setAtBottom(true);
    expect(marked()).toEqual([]);
    attention.focused = true;
    timeline.considerRead();
    expect(marked()).toEqual([2]);
  });

  test('is not told again for what was read long ago', async () => {
    const { timeline, marked } = await open(fill(1));
    timeline.setAtBottom(true);
    expect(marked()).toEqual([]);
  });

  test('is told for each arrival while watching', async () => {
    const { timeline, fake, marked } = await open(fill(1));
    timeline.setAtBottom(true);
    const first = fake.receive(WANGWEI, 'a');
    await timeline.refresh();
    const second = fake.receive(WANGWEI, 'b');
    await timeline.refresh();
    expect(marked()).toEqual([first.id, second.id]);
    expect(timeline.newFrom).toBeNull();
  });

  test('that could not be told is tried again', async () => {
    const { timeline, fake, marked } = await open(unread);
    fake.failNext('mark-displayed', 'cache-failed');
    timeline.setAtBottom(true);
    await vi.waitFor(() => expect(marked()).toEqual([2]));
    await vi.waitFor(() => {
      timeline.considerRead();
      expect(marked()).toEqual([2, 2]);
    });
  });
});

describe('the line of new messages', () => {
  test('stands above what came while nobody looked, and stays until an answer', async () => {
    const { timeline, fake, attention } = await open(fill(1));
    timeline.setAtBottom(true);
    attention.focused = false;
    const { id } = fake.receive(WANGWEI, 'a');
    await timeline.refresh();
    fake.receive(WANGWEI, 'b');
    await timeline.refresh();
    expect(timeline.newFrom).toBe(id);
    attention.focused = true;
    timeline.considerRead();
    await timeline.refresh();
    expect(timeline.newFrom).toBe(id);
    timeline.ownMessageSent();
    expect(timeline.newFrom).toBeNull();
  });

  test('moves down when its messages were read and newer ones come', async () => {
    const { timeline, fake, attention } = await open(fill(1));
    timeline.setAtBottom(true);
    attention.focused = false;
    fake.receive(WANGWEI, 'a');
    await timeline.refresh();
    attention.focused = true;
    timeline.considerRead();
    await timeline.refresh();
    attention.focused = false;
    const { id } = fake.receive(WANGWEI, 'b');
    await timeline.refresh();
    expect(timeline.newFrom).toBe(id);
  });
});

test('the pill counts what came in below', async () => {
  const { timeline, fake } = await open(fill(1));
  timeline.setAtBottom(true);
  timeline.setAtBottom(false);
  expect(timeline.newBelow).toBe(0);
  fake.receive(WANGWEI, 'a');
  fake.receive(WANGWEI, 'b');
  await timeline.refresh();
  expect(timeline.newBelow).toBe(2);
  timeline.setAtBottom(true);
  expect(timeline.newBelow).toBe(0);
});

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { apiError } from '../errors/api-failure';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { longHistory } from '../runtime/fixtures';
import { Rpc } from '../rpc/client';
import { Attention } from './attention.svelte';
import { MAX_SHOWN } from './shown-run.svelte';
import { Timeline } from './timeline.svelte';

const WANGWEI = 'wangwei@valley.local';

// A large window, which takes the largest first page.
beforeEach(() => {
  vi.stubGlobal('innerHeight', 1_440);
});

async function open(prepare: (fake: FakeRuntime) => void = () => undefined, marked_unread = false) {
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
    markedUnread: marked_unread,
    arrived,
  });
  await timeline.open();
  /** What a view tells that has all of the run on screen, or all above a message. */
  const look = (atEnd: boolean, lowest = timeline.messages.at(-1)?.id) =>
    timeline.setView({ atEnd, lowest: lowest ?? null, top: timeline.messages[0]?.id ?? null });
  const texts = () => timeline.messages.map(({ text }) => text);
  const marked = () =>
    fake.calls.flatMap((call) => (call.type === 'mark-displayed' ? [call.message] : []));
  return { fake, attention, timeline, look, texts, marked, arrived };
}

const fill = (pages: number) => (fake: FakeRuntime) => {
  fake.fill(WANGWEI, longHistory(pages));
};

/** What came in while nobody looked, behind a page of history. */
const missed = (count: number) => (fake: FakeRuntime) => {
  fake.fill(WANGWEI, longHistory(1));
  for (let index = 0; index < count; index += 1) fake.receive(WANGWEI, `new ${index}`);
};

const ids = (timeline: Timeline) => timeline.messages.map(({ id }) => id);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('opening', () => {
  test('loads the newest page', async () => {
    const { timeline } = await open(fill(4));
    expect(timeline.messages).toHaveLength(60);
    expect(timeline.messages.at(-1)?.id).toBe(240);
    expect(timeline.hasOlder).toBe(true);
    expect(timeline.hasNewer).toBe(false);
    expect(timeline.newFrom).toBeNull();
  });

  test('draws at first what a window of that height can show', async () => {
    for (const [height, count] of [
      [600, 30],
      [960, 40],
      [4_000, 60],
    ] as const) {
      vi.stubGlobal('innerHeight', height);
      const { timeline } = await open(fill(4));
      expect(timeline.messages).toHaveLength(count);
      expect(timeline.hasOlder).toBe(true);
    }
  });

  test('U23: loads what stands around the first unread message, however far back', async () => {
    const { timeline, marked, fake } = await open(missed(1_500));
    expect(timeline.newFrom).toBe(61);
    expect(ids(timeline)).toEqual(range(31, 120));
    expect(timeline.hasNewer).toBe(true);
    expect(marked()).toEqual([]);
    expect(fake.countOf('messages')).toBe(3);
  });

  test('U23: what is below the fold is not read', async () => {
    const { timeline, look, marked } = await open(missed(100));
    look(false, 60);
    expect(marked()).toEqual([]);
    look(false, 75);
    expect(marked()).toEqual([75]);
    look(false, 70);
    expect(marked()).toEqual([75]);
    look(false, 80);
    expect(marked()).toEqual([75, 80]);
    expect(timeline.newFrom).toBe(61);
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

describe('U27: the run', () => {
  test('grows upwards page by page, to the first message', async () => {
    const { timeline } = await open(fill(3));
    while (timeline.hasOlder) await timeline.loadOlder();
    expect(ids(timeline)).toEqual(range(1, 180));
    expect(timeline.hasOlder).toBe(false);
  });

  test('is asked for more once at a time', async () => {
    const { timeline, fake } = await open(fill(3));
    await Promise.all([timeline.loadOlder(), timeline.loadOlder()]);
    expect(fake.countOf('messages')).toBe(2);
    expect(timeline.messages).toHaveLength(80);
  });

  test('has an end: what is far from the view is let go, and comes back', async () => {
    const { timeline, look } = await open(fill(20));
    for (let page = 0; page < 10; page += 1) {
      await timeline.loadOlder();
      look(false, timeline.messages[5]?.id);
      expect(timeline.messages.length).toBeLessThanOrEqual(MAX_SHOWN);
    }
    expect(timeline.hasNewer).toBe(true);
    expect(ids(timeline)).toEqual(range(941, 1_140));
    while (timeline.hasNewer) await timeline.loadNewer();
    expect(ids(timeline)).toEqual(range(1_001, 1_200));
    expect(timeline.hasOlder).toBe(true);
  });

  test('stays around what is on screen when something changes elsewhere', async () => {
    const { timeline, fake, look } = await open(fill(20));
    for (let page = 0; page < 9; page += 1) await timeline.loadOlder();
    const before = ids(timeline);
    timeline.setView({ atEnd: false, top: before[90] ?? null, lowest: before[100] ?? null });
    fake.receive(WANGWEI, 'at last');
    await timeline.refresh();
    expect(ids(timeline)).toEqual(before);
    expect(timeline.hasNewer).toBe(true);
    look(false, before[100]);
  });

  test('at its end takes in what comes, and does not grow for ever', async () => {
    const { timeline, fake, look } = await open(fill(20));
    look(true);
    for (let index = 0; index < 300; index += 1) {
      fake.receive(WANGWEI, `${index}`);
      await timeline.refresh();
    }
    expect(timeline.messages).toHaveLength(MAX_SHOWN);
    expect(timeline.messages.at(-1)?.text).toBe('299');
  });

  test('waits for the archive where nothing older is here yet, and then goes on', async () => {
    const { timeline, fake } = await open(fill(1));
    const talk = fake.talks.get(WANGWEI)!;
    const request = fake.request.bind(fake);
    vi.spyOn(fake, 'request').mockImplementation(async (asked) => {
      const answer = await request(asked);
      if (answer.type === 'messages' && talk.messages.length === 60) answer.value.has_older = true;
      return answer;
    });
    await timeline.refresh();
    const before = fake.countOf('messages');
    await timeline.loadOlder();
    await timeline.loadOlder();
    expect(fake.countOf('messages')).toBe(before + 1);
    const [first] = talk.messages;
    talk.messages.unshift({ ...first!, id: 9_999, position: -1 });
    await timeline.refresh();
    await timeline.loadOlder();
    expect(timeline.messages[0]?.id).toBe(9_999);
    expect(timeline.hasOlder).toBe(false);
  });
});

describe('U28: a gap', () => {
  test('stands before its message until it is filled', async () => {
    const { timeline, fake } = await open((it) => {
      it.fill(WANGWEI, longHistory(1));
      it.talks.get(WANGWEI)!.gaps = [31];
    });
    const gaps = () =>
      timeline.days.flatMap(({ items }) => items.filter(({ kind }) => kind === 'gap'));
    expect(gaps()).toHaveLength(1);
    fake.talks.get(WANGWEI)!.gaps = [];
    await timeline.refresh();
    expect(gaps()).toEqual([]);
  });
});

describe('U26: jumping', () => {
  test('to the newest messages from anywhere, and back', async () => {
    const { timeline, look } = await open(missed(900));
    timeline.setView({ atEnd: false, top: 62, lowest: 70 });
    await timeline.jumpToLatest();
    expect(timeline.jump).toEqual({ to: 'end', flash: false });
    expect(timeline.messages.at(-1)?.id).toBe(960);
    timeline.arrivedAt(timeline.jump!);
    expect(timeline.canGoBack).toBe(true);
    await timeline.goBack();
    expect(timeline.jump).toEqual({ to: 62, flash: true });
    expect(timeline.find(62)).toBeDefined();
    expect(timeline.canGoBack).toBe(false);
    look(false, 70);
  });

  test('U31: to a quoted message that is far away, and back to the answer', async () => {
    const { timeline } = await open(fill(20));
    await timeline.jumpTo(5, 1_200);
    expect(timeline.jump).toEqual({ to: 5, flash: true });
    expect(timeline.find(5)).toBeDefined();
    expect(timeline.canGoBack).toBe(true);
    await timeline.goBack();
    expect(timeline.jump?.to).toBe(1_200);
  });

  test('to a message that is nowhere leaves everything as it is', async () => {
    const { timeline } = await open(fill(2));
    const before = ids(timeline);
    await timeline.jumpTo(77_777);
    expect(timeline.jump).toBeNull();
    expect(ids(timeline)).toEqual(before);
    expect(timeline.canGoBack).toBe(false);
  });

  test('an own message leads to the end, wherever one is', async () => {
    const { timeline } = await open(missed(900));
    timeline.setView({ atEnd: false, top: 62, lowest: 70 });
    timeline.ownMessageSent();
    await vi.waitFor(() => expect(timeline.jump?.to).toBe('end'));
    expect(timeline.hasNewer).toBe(false);
  });
});

describe('a place that may not be on this device', () => {
  const place = (id: string) => ({ at: 'archived', id, time_ms: 0 }) as const;

  /** Places are found only when their answers are let go. */
  async function seeking() {
    const opened = await open(fill(4));
    const { fake } = opened;
    const answers = new Map<string, { found: (id: number) => void; missing: () => void }>();
    const request = fake.request.bind(fake);
    vi.spyOn(fake, 'request').mockImplementation(async (asked) => {
      if (asked.type !== 'message' || asked.action !== 'locate') return request(asked);
      const { place } = asked;
      const value = await new Promise<number>((found, reject) => {
        const missing = () => reject(apiError('not-found'));
        answers.set(place.at === 'archived' ? place.id : 'day', { found, missing });
      });
      return { type: 'message', value };
    });
    return { ...opened, answers };
  }

  test('is looked for though another one is, which then comes too late', async () => {
    const { timeline, answers } = await seeking();
    const a = timeline.seek(place('a'));
    const b = timeline.seek(place('b'));
    expect([...answers.keys()]).toEqual(['a', 'b']);
    answers.get('b')!.found(200);
    await b;
    expect(timeline.jump?.to).toBe(200);
    expect(timeline.seeking).toBe(false);
    answers.get('a')!.found(5);
    await a;
    expect(timeline.jump?.to).toBe(200);
    expect(timeline.find(5)).toBeUndefined();
  });

  test('that is found late gives way to where one has gone since', async () => {
    const { timeline, answers, look } = await seeking();
    look(true);
    for (const [id, go] of [
      ['a', () => timeline.jumpTo(190)],
      ['b', () => timeline.jumpToLatest()],
      ['c', () => timeline.goBack()],
    ] as const) {
      const sought = timeline.seek(place(id));
      expect(timeline.seeking).toBe(true);
      await go();
      expect(timeline.seeking).toBe(false);
      const { jump } = timeline;
      answers.get(id)!.found(5);
      await sought;
      expect(timeline.jump).toBe(jump);
    }
  });

  test('that is not found says so only while it is wanted', async () => {
    const { timeline, answers } = await seeking();
    const a = timeline.seek(place('a'));
    await timeline.jumpTo(190);
    answers.get('a')!.missing();
    await a;
    expect(timeline.problem).toBeNull();
    const b = timeline.seek(place('b'));
    answers.get('b')!.missing();
    await b;
    expect(timeline.problem?.code).toBe('not-found');
    expect(timeline.seeking).toBe(false);
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

  test('U63: all that failed is tried again, in its order', async () => {
    const failed = { state: 'failed', code: 'message-rejected' } as const;
    const { timeline, fake } = await open((it) => {
      it.fill(WANGWEI, [
        { direction: 'outgoing', text: 'a', ago: 3, state: failed },
        { direction: 'outgoing', text: 'b', ago: 2, state: { state: 'read' } },
        { direction: 'outgoing', text: 'c', ago: 1, state: failed },
      ]);
    });
    expect(timeline.failed).toHaveLength(2);
    await timeline.retryAll();
    const tried = fake.calls.flatMap((call) =>
      call.type === 'retry-message' ? [call.message] : [],
    );
    expect(tried).toEqual([1, 3]);
    expect(timeline.failed).toEqual([]);
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

describe('U29: reading', () => {
  const unread = (fake: FakeRuntime) => {
    fake.fill(WANGWEI, [{ direction: 'incoming', text: 'old', ago: 9 }]);
    fake.receive(WANGWEI, 'new');
  };

  test('is told when the window has the focus and the newest message is on screen', async () => {
    const { look, marked } = await open(unread);
    look(true);
    expect(marked()).toEqual([2]);
    look(true);
    expect(marked()).toEqual([2]);
  });

  test('is not told of what is not on screen', async () => {
    const { look, marked } = await open(unread);
    look(false, 1);
    expect(marked()).toEqual([]);
  });

  test('is not told without the focus, but when it comes back', async () => {
    const { timeline, look, marked, attention } = await open(unread);
    attention.focused = false;
    look(true);
    expect(marked()).toEqual([]);
    attention.focused = true;
    timeline.considerRead();
    expect(marked()).toEqual([2]);
  });

  test('is not told while nobody is at the machine, though the window has the focus', async () => {
    const { timeline, look, marked, attention, fake } = await open(fill(1));
    look(true);
    attention.away = true;
    const { id } = fake.receive(WANGWEI, 'over lunch');
    await timeline.refresh();
    look(true);
    expect(marked()).toEqual([]);
    expect(timeline.newFrom).toBe(id);
    attention.away = false;
    timeline.considerRead();
    expect(marked()).toEqual([id]);
  });

  test('is not told again for what was read long ago', async () => {
    const { look, marked } = await open(fill(1));
    look(true);
    expect(marked()).toEqual([]);
  });

  test('is told for each arrival while watching', async () => {
    const { timeline, look, fake, marked } = await open(fill(1));
    look(true);
    const first = fake.receive(WANGWEI, 'a');
    await timeline.refresh();
    const second = fake.receive(WANGWEI, 'b');
    await timeline.refresh();
    expect(marked()).toEqual([first.id, second.id]);
    expect(timeline.newFrom).toBeNull();
  });

  test('is told once of what was marked as unread before it was opened', async () => {
    const { look, marked, timeline } = await open(fill(1), true);
    look(true);
    const newest = timeline.messages.findLast(({ direction }) => direction === 'incoming')!;
    expect(marked()).toEqual([newest.id]);
    // Who marks it again while it is open wants to find it so.
    await timeline.refresh();
    look(true);
    expect(marked()).toEqual([newest.id]);
  });

  test('is told of a marked conversation in which nobody else has said anything', async () => {
    const { look, marked } = await open((fake) => {
      fake.fill(WANGWEI, [{ direction: 'outgoing', text: 'mine', ago: 1 }]);
    }, true);
    look(true);
    expect(marked()).toEqual([1]);
  });

  test('of a marked conversation that could not be told is tried again', async () => {
    const { timeline, look, fake, marked } = await open(fill(1), true);
    fake.failNext('mark-displayed', 'cache-failed');
    look(true);
    await vi.waitFor(() => {
      timeline.considerRead();
      expect(marked()).toHaveLength(2);
    });
  });

  test('is not told from a message on that was marked as unread', async () => {
    const { timeline, look, fake, marked } = await open(fill(1));
    look(true);
    const incoming = timeline.messages.filter(({ direction }) => direction === 'incoming');
    const from = incoming.at(-3)!;
    await timeline.markUnreadFrom(from);
    expect(fake.calls).toContainEqual({
      type: 'conversation',
      action: 'mark-unread',
      account: ACCOUNT,
      conversation: WANGWEI,
      from: from.id,
    });
    expect(timeline.newFrom).toBe(from.id);
    await timeline.refresh();
    look(true);
    expect(marked()).toEqual([]);
    expect(timeline.newFrom).toBe(from.id);
    // What comes meanwhile is unread too.
    fake.receive(WANGWEI, 'more');
    await timeline.refresh();
    look(true);
    expect(marked()).toEqual([]);
    expect(timeline.newFrom).toBe(from.id);
    // Opened again.
    timeline.takeMark();
    expect(marked()).toEqual([timeline.messages.at(-1)!.id]);
  });

  test('is told after all where what was marked as unread is answered', async () => {
    const { timeline, look, marked } = await open(fill(1));
    look(true);
    const incoming = timeline.messages.filter(({ direction }) => direction === 'incoming');
    await timeline.markUnreadFrom(incoming.at(-2)!);
    look(true);
    expect(marked()).toEqual([]);
    timeline.ownMessageSent();
    expect(timeline.newFrom).toBeNull();
    expect(marked()).toEqual([incoming.at(-1)!.id]);
  });

  test('that could not be told is tried again', async () => {
    const { timeline, look, fake, marked } = await open(unread);
    fake.failNext('mark-displayed', 'cache-failed');
    look(true);
    await vi.waitFor(() => expect(marked()).toEqual([2]));
    await vi.waitFor(() => {
      timeline.considerRead();
      expect(marked()).toEqual([2, 2]);
    });
  });
});

describe('the line of new messages', () => {
  test('U24: stands above what came while nobody looked, and stays until an answer', async () => {
    const { timeline, look, fake, attention } = await open(fill(1));
    look(true);
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
    const { timeline, look, fake, attention } = await open(fill(1));
    look(true);
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

test('U25: the pill counts what came in below', async () => {
  const { timeline, fake, look } = await open(fill(1));
  look(true);
  look(false);
  expect(timeline.newBelow).toBe(0);
  fake.receive(WANGWEI, 'a');
  fake.receive(WANGWEI, 'b');
  await timeline.refresh();
  expect(timeline.newBelow).toBe(2);
  look(true);
  expect(timeline.newBelow).toBe(0);
});

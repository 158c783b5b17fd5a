import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../errors/api-failure';
import type { MessageView } from '../rpc/generated/MessageView';
import { Rpc } from '../rpc/client';
import { FakeRuntime } from '../runtime/fake';
import { type Line, longHistory, plain } from '../runtime/fixtures';
import { file } from '../runtime/fixtures-messages';
import { App } from './app.svelte';
import { actionsFor } from './message-actions.svelte';

const WANGWEI = 'wangwei@valley.local';
const ANNA = 'anna@valley.local';

const none = { moderates: false, files: false };

function message(change: Partial<MessageView>): MessageView {
  return {
    ...plain,
    id: 1,
    position: 1,
    direction: 'incoming',
    author: 'anna@valley.local',
    author_name: 'Anna',
    text: 'Hello',
    time_ms: 0,
    delivery: null,
    ...change,
  };
}

const mine = { direction: 'outgoing', delivery: { state: 'sent' } } as const;

describe('what can be done with a message', () => {
  test('of somebody else', () => {
    expect(actionsFor(message({}), none)).toEqual([
      'reply',
      'react',
      'forward',
      'copy',
      'select',
      'unread',
      'details',
    ]);
  });

  test('of our own', () => {
    const actions = actionsFor(message(mine), none);
    expect(actions).toContain('edit');
    expect(actions.at(-1)).toBe('retract');
  });

  test('in a room that we moderate', () => {
    expect(actionsFor(message({}), { ...none, moderates: true }).at(-1)).toBe('moderate');
    expect(actionsFor(message(mine), { ...none, moderates: true })).not.toContain('moderate');
  });

  test('with files, where files are handled', () => {
    const files = message({ kind: 'file', text: '', attachments: [file('a.pdf')], ...mine });
    expect(actionsFor(files, none)).not.toContain('save');
    expect(actionsFor(files, { ...none, files: true })).toContain('save');
    expect(actionsFor(files, { ...none, files: true })).not.toContain('edit');
    expect(actionsFor(files, none)).not.toContain('copy');
  });

  test('U63: that failed', () => {
    const failed = { ...mine, delivery: { state: 'failed', code: 'disk-full' } } as const;
    expect(actionsFor(message(failed), none)).toEqual([
      'retry',
      'copy',
      'select',
      'details',
      'delete',
    ]);
  });

  test('that was taken back, or is none: nothing', () => {
    expect(actionsFor(message({ retracted: { by: null } }), none)).toEqual([]);
    expect(actionsFor(message({ kind: 'event' }), none)).toEqual([]);
  });
});

/** A conversation that is open, and what can be done in it. */
async function open(lines: readonly Line[]) {
  const fake = new FakeRuntime().withAccount();
  fake.open(ANNA);
  fake.fill(WANGWEI, lines);
  const app = new App(new Rpc(fake));
  await app.start();
  const session = app.session!;
  await session.select(WANGWEI);
  return { fake, timeline: session.timeline!, actions: session.actions! };
}

const ids = (messages: readonly MessageView[]) => messages.map(({ id }) => id);

describe('messages that are chosen', () => {
  test('are all there, in their order, though the timeline shows a few of them', async () => {
    const { timeline, actions } = await open(longHistory(10));
    const [before, newest] = timeline.messages.slice(-2) as [MessageView, MessageView];
    actions.startSelecting(newest);
    actions.toggle(before);
    for (let page = 0; page < 12; page += 1) await timeline.loadOlder();
    expect(timeline.find(before.id)).toBeUndefined();
    const oldest = timeline.messages[0]!;
    actions.toggle(oldest);
    expect(ids(actions.selected)).toEqual([oldest.id, before.id, newest.id]);
    expect(actions.selection?.size).toBe(3);
    actions.toggle(newest);
    expect(ids(actions.selected)).toEqual([oldest.id, before.id]);
  });

  test('are as they are now, also when the timeline has moved on', async () => {
    const { fake, timeline, actions } = await open(longHistory(10));
    const newest = timeline.messages.at(-1)!;
    actions.startSelecting(newest);
    fake.setDelivery(newest.id, { state: 'read' });
    fake.talks.get(WANGWEI)!.messages.at(-1)!.text = 'other words';
    await timeline.refresh();
    expect(actions.selected[0]?.text).toBe('other words');
    for (let page = 0; page < 12; page += 1) await timeline.loadOlder();
    expect(actions.selected[0]?.text).toBe('other words');
  });

  test('are let go when they are taken back or deleted', async () => {
    const { fake, timeline, actions } = await open(longHistory(1));
    const [deleted, retracted, kept] = timeline.messages.slice(-3) as MessageView[];
    actions.startSelecting(deleted!);
    actions.toggle(retracted!);
    actions.toggle(kept!);
    await actions.retract(retracted!);
    await timeline.remove(deleted!.id);
    await timeline.refresh();
    expect(ids(actions.selected)).toEqual([kept!.id]);
    expect(actions.selection?.size).toBe(1);
    expect(fake.countOf('delete-message')).toBe(1);
  });
});

describe('forwarding several messages', () => {
  /** Three that are chosen; to forward the second of them fails once. */
  async function failing() {
    const opened = await open(longHistory(1));
    const { fake, timeline, actions } = opened;
    const [first, second, third] = timeline.messages.slice(-3) as MessageView[];
    actions.startSelecting(first!);
    actions.toggle(second!);
    actions.toggle(third!);
    const request = fake.request.bind(fake);
    let fails = true;
    vi.spyOn(fake, 'request').mockImplementation(async (asked) => {
      if (fails && asked.type === 'message' && asked.action === 'forward') {
        if (asked.message === second!.id) {
          fails = false;
          throw apiError('disk-full');
        }
      }
      return request(asked);
    });
    const arrived = (at: string) => fake.talks.get(at)!.messages.map(({ text }) => text);
    const texts = [first!, second!, third!].map(({ text }) => text);
    return { ...opened, arrived, texts };
  }

  test('that failed goes on where it stopped', async () => {
    const { actions, arrived, texts } = await failing();
    expect(await actions.forward(actions.selected, ANNA)).toBe(false);
    expect(actions.problem?.code).toBe('disk-full');
    expect(arrived(ANNA)).toEqual(texts.slice(0, 1));
    // The dialog may have been closed meanwhile.
    actions.closeDialog();
    expect(await actions.forward(actions.selected, ANNA)).toBe(true);
    expect(arrived(ANNA)).toEqual(texts);
  });

  test('that failed begins anew at another place, and where it was done', async () => {
    const { fake, actions, arrived, texts } = await failing();
    const other = 'tomas@valley.local';
    fake.open(other);
    await actions.forward(actions.selected, ANNA);
    expect(await actions.forward(actions.selected, other)).toBe(true);
    expect(arrived(other)).toEqual(texts);
    await actions.forward(actions.selected, other);
    expect(arrived(other)).toEqual([...texts, ...texts]);
    // Other messages are another matter.
    const [first] = actions.selected;
    actions.stopSelecting();
    await actions.forward([first!], ANNA);
    expect(arrived(ANNA)).toEqual([texts[0], texts[0]]);
  });
});

describe('details', () => {
  /** Details of the newest message are asked for, and come when they are let go. */
  async function asking() {
    const opened = await open(longHistory(1));
    const { fake, timeline, actions } = opened;
    const request = fake.request.bind(fake);
    let come: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (come = resolve));
    vi.spyOn(fake, 'request').mockImplementation(async (asked) => {
      if (asked.type === 'message' && asked.action === 'details') await held;
      return request(asked);
    });
    const message = timeline.messages.at(-1)!;
    const shown = actions.showDetails(message);
    return { ...opened, message, come, shown };
  }

  test('are shown when they come', async () => {
    const { actions, come, shown } = await asking();
    come();
    await shown;
    expect(actions.asking?.what).toBe('details');
  });

  test('that come late do not take the place of another dialog', async () => {
    const { actions, message, come, shown } = await asking();
    actions.ask({ what: 'forward', messages: [message] });
    come();
    await shown;
    expect(actions.asking?.what).toBe('forward');
  });

  test('that come late do not open again what was closed', async () => {
    const { actions, message, come, shown } = await asking();
    actions.ask({ what: 'forward', messages: [message] });
    actions.closeDialog();
    come();
    await shown;
    expect(actions.asking).toBeNull();
  });
});

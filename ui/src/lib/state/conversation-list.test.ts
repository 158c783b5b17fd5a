import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { everyRow, manyTalks } from '../runtime/fixtures-lists';
import { colleagues } from '../runtime/fixtures-people';
import { Rpc } from '../rpc/client';
import { ConversationList, PEOPLE_MS } from './conversation-list.svelte';
import { HEAD, REST_MS } from './list-rows';

async function open() {
  const fake = new FakeRuntime().withTeam();
  const list = new ConversationList(new Rpc(fake), ACCOUNT);
  await list.refresh();
  const names = () => list.rows.map(({ name }) => name);
  const people = () => list.contacts.map(({ name }) => name);
  return { fake, list, names, people };
}

test('shows conversations by activity, and people without one apart', async () => {
  const { names, people } = await open();
  expect(names()).toEqual(['王伟', 'Marc Dubois', 'Anna Kowalski', '陈思远', '欧阳雪']);
  expect(people()).toEqual(['Tomás Rivera', '周敏']);
});

test('rows do not move while the pointer is on the list, but show what is new', async () => {
  const { fake, list, names } = await open();
  list.hold(true);
  fake.receive('anna@valley.local', 'hello');
  await list.refresh();
  expect(names()[0]).toBe('王伟');
  expect(list.find('anna@valley.local')?.unread).toBe(1);
  list.hold(false);
  expect(names()[0]).toBe('Anna Kowalski');
});

test('steps through what is shown and stops at the ends', async () => {
  const { list } = await open();
  const [first, second] = list.rows;
  expect(list.neighbour(null, 1)).toBe(first);
  expect(list.neighbour(first!.id, 1)).toBe(second);
  expect(list.neighbour(first!.id, -1)).toBeUndefined();
});

test('keeps what it has when it cannot be read', async () => {
  const { fake, list, names } = await open();
  fake.failNext('conversation', 'locked');
  await list.refresh();
  expect(names()).toHaveLength(5);
  expect(list.loaded).toBe(true);
});

describe('what is far below', () => {
  const LAST = 260;
  let fake: FakeRuntime;
  let list: ConversationList;

  beforeEach(async () => {
    vi.useFakeTimers();
    fake = new FakeRuntime().withTeam();
    manyTalks(fake, LAST);
    list = new ConversationList(new Rpc(fake), ACCOUNT);
    await list.refresh();
    await vi.advanceTimersByTimeAsync(0);
  });

  afterEach(() => list.close());

  /** The last row, which is on no first page. */
  const bottom = () => list.all[list.all.length - 1]!;

  test('is read again though something happens all the time', async () => {
    expect(list.all.length).toBeGreaterThan(HEAD);
    const { id } = bottom();
    fake.talks.get(id)!.row.typing = true;
    for (let tenth = 0; tenth < 12; tenth += 1) {
      void list.refresh();
      await vi.advanceTimersByTimeAsync(REST_MS / 10);
    }
    expect(list.find(id)?.typing).toBe(true);
  });

  test('shows at once what was decided about it', async () => {
    const { id } = bottom();
    await list.decide({
      action: 'set-notify',
      conversation: id,
      notify: 'none',
      until_ms: null,
    });
    expect(list.find(id)?.notify).toBe('none');
  });

  test('is not put back by what is read late', async () => {
    const { id } = bottom();
    await vi.advanceTimersByTimeAsync(REST_MS);
    fake.receive(id, 'now it is on top');
    await list.refresh();
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(list.all[0]?.id).toBe(id);
    expect(list.find(id)?.unread).toBe(1);
  });
});

describe('a change that names its row', () => {
  async function openMany() {
    vi.useFakeTimers();
    const fake = new FakeRuntime().withTeam();
    manyTalks(fake, 260);
    const list = new ConversationList(new Rpc(fake), ACCOUNT);
    await fake.subscribe((event) => {
      if (event.type === 'engine') list.handle(event.event);
    });
    await list.refresh();
    await vi.advanceTimersByTimeAsync(0);
    const asked = vi.spyOn(fake, 'request');
    const pages = () =>
      asked.mock.calls.filter(([ask]) => ask.type === 'conversation' && ask.action === 'page');
    return { fake, list, pages };
  }

  test('reads that row and no other, however many there are', async () => {
    const { fake, list, pages } = await openMany();
    const { id } = list.all[list.all.length - 1]!;
    for (let number = 0; number < 20; number += 1) {
      fake.receive(id, 'hello');
      await vi.advanceTimersByTimeAsync(REST_MS / 4);
    }
    expect(list.all[0]?.id).toBe(id);
    expect(list.find(id)?.unread).toBe(20);
    expect(list.all).toHaveLength(fake.talks.size);
    expect(pages()).toEqual([]);
    list.close();
  });

  test('of a conversation that is new brings it', async () => {
    const { fake, list, pages } = await openMany();
    fake.receive('stranger@valley.local', 'hello');
    await vi.advanceTimersByTimeAsync(0);
    expect(list.all[0]?.id).toBe('stranger@valley.local');
    expect(pages()).toEqual([]);
    list.close();
  });

  test('reads all where very many come at once', async () => {
    const { fake, list, pages } = await openMany();
    for (const { id } of list.all.slice(0, 120)) fake.receive(id, 'hello');
    await vi.advanceTimersByTimeAsync(0);
    expect(list.all.filter(({ unread }) => unread > 0).length).toBeGreaterThanOrEqual(120);
    expect(pages().length).toBeGreaterThan(0);
    list.close();
  });

  test('that was missed is made up for: the number of rows says so', async () => {
    const { fake, list } = await openMany();
    fake.talks.delete(list.all[5]!.id);
    fake.receive(list.all[9]!.id, 'hello');
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(list.all).toHaveLength(fake.talks.size);
    list.close();
  });

  test('is read once more if it could not be read', async () => {
    const { fake, list } = await openMany();
    const { id } = list.all[30]!;
    fake.failNext('conversation', 'locked');
    fake.receive(id, 'one');
    await vi.advanceTimersByTimeAsync(0);
    expect(list.find(id)?.unread).toBe(0);
    await list.refreshOne(list.all[0]!.id);
    expect(list.find(id)?.unread).toBe(1);
    list.close();
  });
});

describe('people', () => {
  const changed = { type: 'contacts-changed', account: ACCOUNT } as const;

  test('are asked for when something about them is told, not with each message', async () => {
    const { fake, list } = await open();
    const before = fake.countOf('contacts');
    fake.receive('anna@valley.local', 'hello');
    await list.refresh();
    expect(fake.countOf('contacts')).toBe(before);
    fake.contacts = fake.contacts.slice(1);
    list.handle(changed);
    await list.refresh();
    expect(list.people).toHaveLength(fake.contacts.length);
  });

  test('of a large team are asked for now and then', async () => {
    vi.useFakeTimers();
    const { fake, list } = await open();
    fake.contacts = colleagues(300);
    list.handle(changed);
    await list.refresh();
    const before = fake.countOf('contacts');
    fake.contacts = fake.contacts.slice(1);
    for (let index = 0; index < 30; index += 1) {
      list.handle(changed);
      void list.refresh();
      await vi.advanceTimersByTimeAsync(PEOPLE_MS / 10);
    }
    expect(fake.countOf('contacts') - before).toBeLessThanOrEqual(3);
    expect(list.people).toHaveLength(299);
    list.close();
  });
});

describe('what is told of a conversation', () => {
  async function openRoom() {
    const fake = new FakeRuntime().withTeam();
    everyRow(fake);
    const list = new ConversationList(new Rpc(fake), ACCOUNT);
    await list.refresh();
    const room = () => list.all.find(({ kind }) => kind === 'room')!;
    const choose = (notify: 'all' | 'mentions') =>
      list.decide({ action: 'set-notify', conversation: room().id, notify, until_ms: null });
    return { fake, list, room, choose };
  }

  test.each(['all', 'mentions'] as const)('is "%s" again after it was muted', async (level) => {
    const { list, room, choose } = await openRoom();
    await choose(level);
    await list.mute(room(), null);
    expect(room().notify).toBe('none');
    await list.unmute(room());
    expect(room().notify).toBe(level);
  });

  test('is as before also after a restart, and after it was muted twice', async () => {
    const { fake, list, room, choose } = await openRoom();
    await choose('all');
    await list.mute(room(), Date.now() + 60_000);
    await list.mute(room(), null);
    const later = new ConversationList(new Rpc(fake), ACCOUNT);
    await later.refresh();
    await later.unmute(later.find(room().id)!);
    expect(later.find(room().id)?.notify).toBe('all');
  });

  test('is the usual for its kind where nothing is known of before', async () => {
    const { list, room } = await openRoom();
    await list.decide({
      action: 'set-notify',
      conversation: room().id,
      notify: 'none',
      until_ms: null,
    });
    await list.unmute(room());
    expect(room().notify).toBe('mentions');
  });
});

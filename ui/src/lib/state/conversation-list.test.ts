import { expect, test } from 'vitest';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { Rpc } from '../rpc/client';
import { ConversationList } from './conversation-list.svelte';

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

import { expect, test } from 'vitest';
import type { ConversationView } from '../rpc/generated/ConversationView';
import { mergeRows } from './merge-rows';

type Row = Pick<ConversationView, 'id' | 'name' | 'pinned' | 'last_activity_ms' | 'unread'>;

function row(id: string, time: number | null, more: Partial<Row> = {}): ConversationView {
  return {
    id,
    name: id,
    pinned: false,
    last_activity_ms: time,
    unread: 0,
    ...more,
  } as ConversationView;
}

const ids = (rows: readonly ConversationView[] | null) => rows?.map(({ id }) => id);

const LIST = [
  row('pin-b', 1, { pinned: true }),
  row('pin-a', 9, { pinned: true }),
  row('new', 8),
  row('middle', 5),
  row('old', 2),
  row('empty-a', null),
  row('empty-b', null),
];

function merge(...fresh: ConversationView[]) {
  return mergeRows(LIST, new Set(fresh.map(({ id }) => id)), fresh);
}

test('a new message takes its row to the top, below the pinned ones', () => {
  expect(ids(merge(row('old', 10)))).toEqual([
    'pin-b',
    'pin-a',
    'old',
    'new',
    'middle',
    'empty-a',
    'empty-b',
  ]);
});

test('a pinned row stays where it was put', () => {
  const merged = merge(row('pin-b', 10, { pinned: true, unread: 1 }));
  expect(ids(merged)).toEqual(ids(LIST));
  expect(merged?.[0]?.unread).toBe(1);
});

test('what has not moved stays, and the others are the same objects', () => {
  const merged = merge(row('middle', 5, { unread: 3 }));
  expect(ids(merged)).toEqual(ids(LIST));
  expect(merged?.[3]?.unread).toBe(3);
  expect(merged?.[2]).toBe(LIST[2]);
});

test('rows come, go and lose their messages', () => {
  const asked = new Set(['middle', 'fresh', 'old', 'empty-b']);
  const fresh = [row('fresh', 6), row('old', null), row('empty-b', 1)];
  expect(ids(mergeRows(LIST, asked, fresh))).toEqual([
    'pin-b',
    'pin-a',
    'new',
    'fresh',
    'empty-b',
    'empty-a',
    'old',
  ]);
});

test('the same time is put in order by name, then by id, as the engine does', () => {
  const equal = [row('1', 5, { name: 'b' }), row('3', 5, { name: 'b' })];
  const merged = mergeRows(equal, new Set(['2', '0']), [
    row('2', 5, { name: 'b' }),
    row('0', 5, { name: 'c' }),
  ]);
  expect(ids(merged)).toEqual(['1', '2', '3', '0']);
});

test('of one that was pinned or unpinned the place is not known', () => {
  expect(merge(row('old', 2, { pinned: true }))).toBeNull();
  expect(merge(row('pin-a', 9))).toBeNull();
  expect(merge(row('fresh', 9, { pinned: true }))).toBeNull();
});

test('an account without rows takes in the first', () => {
  expect(ids(mergeRows([], new Set(['a']), [row('a', 1)]))).toEqual(['a']);
});

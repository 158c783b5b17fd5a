import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { colleagues } from '../runtime/fixtures-people';
import { CALM_MS, People, TYPED_MS } from './people.svelte';

let fake: FakeRuntime;
let people: People;

beforeEach(async () => {
  vi.useFakeTimers();
  fake = new FakeRuntime().withTeam();
  people = new People(new Rpc(fake), ACCOUNT);
  await people.refresh();
});

afterEach(() => people.close());

const change = () => people.handle({ type: 'contacts-changed', account: ACCOUNT });

test('a change among a few is shown at once', async () => {
  fake.contacts = fake.contacts.slice(1);
  change();
  await vi.advanceTimersByTimeAsync(0);
  expect(people.contacts).toHaveLength(6);
});

test('U95: in a large company changes are gathered', async () => {
  fake.contacts = colleagues(2_000);
  await people.refresh();
  const before = fake.countOf('contacts');
  for (let index = 0; index < 50; index += 1) change();
  await vi.advanceTimersByTimeAsync(CALM_MS - 1);
  expect(fake.countOf('contacts')).toBe(before);
  await vi.advanceTimersByTimeAsync(1);
  expect(fake.countOf('contacts')).toBe(before + 1);
});

test('U95: a large company begins with its departments, and is searched when typing rests', async () => {
  fake.contacts = colleagues(2_000);
  await people.refresh();
  expect(people.rows.every(({ kind }) => kind === 'department')).toBe(true);
  for (let level = 0; level < 3; level += 1) {
    for (const { id, kind } of people.rows) if (kind === 'department') people.setOpen(id, true);
  }
  expect(people.rows.some(({ kind }) => kind === 'person')).toBe(true);
  people.filter = '张';
  expect(people.rows.some(({ kind }) => kind === 'department')).toBe(true);
  await vi.advanceTimersByTimeAsync(TYPED_MS);
  const names = people.rows.map((row) => (row.kind === 'person' ? row.contact.name : '-'));
  expect(names.length).toBeGreaterThan(10);
  expect(names.every((name) => name.startsWith('张'))).toBe(true);
  people.filter = '';
  expect(people.rows.some(({ kind }) => kind === 'department')).toBe(true);
});

test('a department that was closed stays closed while people change', async () => {
  fake.contacts = colleagues(20);
  await people.refresh();
  const first = people.rows[0]!;
  people.toggle(first.id);
  const shown = people.rows.length;
  fake.contacts = fake.contacts.map((contact) => ({ ...contact, presence: 'away' }));
  await people.refresh();
  expect(people.rows).toHaveLength(shown);
  people.toggle(first.id);
  expect(people.rows.length).toBeGreaterThan(shown);
});

test('a second press while the first is under way does nothing', async () => {
  const first = people.act('block', 'wangwei@valley.local');
  expect(await people.act('block', 'anna@valley.local')).toBe(false);
  expect(await first).toBe(true);
  expect([...fake.people.blocked]).toEqual(['wangwei@valley.local']);
});

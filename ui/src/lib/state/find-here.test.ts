import { beforeEach, expect, test, vi } from 'vitest';
import type { SearchPage } from '../rpc/generated/SearchPage';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { answerSearches, latePage, searchHit } from '../runtime/fixtures-search';
import { FindHere } from './find-here.svelte';

let fake: FakeRuntime;
let find: FindHere;
let jumps: number[];

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeRuntime().withTeam();
  jumps = [];
  find = new FindHere({
    rpc: new Rpc(fake),
    account: ACCOUNT,
    conversation: () => 'wangwei@valley.local',
    jumpTo: async (message) => void jumps.push(message),
  });
});

/** Fifty hits, the newest first. */
const page = (newest: number, next: string | null): SearchPage => ({
  hits: Array.from({ length: 50 }, (_, index) => searchHit(newest - index)),
  next,
});

/** Stands at the last of the first fifty hits. */
async function toTheLast(...pages: (SearchPage | Promise<SearchPage>)[]) {
  const asked = answerSearches(fake, [page(100, '1'), ...pages]);
  find.input('note');
  await find.look();
  for (let place = 1; place < 50; place += 1) await find.step(1);
  expect(find.place).toBe(50);
  return asked;
}

test('a page without hits, behind which there is more, is no answer', async () => {
  const asked = answerSearches(fake, [
    { hits: [], next: '1' },
    { hits: [searchHit(7)], next: null },
  ]);
  find.input('note');
  await find.look();
  expect(asked).toEqual([null, '1']);
  expect(find.count).toBe(1);
  expect(jumps).toEqual([7]);
});

test('while nothing was found yet, the search is under way, until it is closed', async () => {
  const second = latePage();
  const asked = answerSearches(fake, [{ hits: [], next: '1' }, second.page]);
  find.input('note');
  const look = find.look();
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  expect(find.goingOn).toBe(true);
  expect(find.searched).toBe(false);
  await find.step(1);
  expect(asked).toHaveLength(2);
  find.close();
  expect(find.goingOn).toBe(false);
  second.give({ hits: [], next: '2' });
  await look;
  expect(asked).toHaveLength(2);
});

test('two steps beyond what is known ask for the next page once', async () => {
  const asked = await toTheLast(page(50, null));
  await Promise.all([find.step(1), find.step(1)]);
  expect(asked).toEqual([null, '1']);
  expect(find.count).toBe(100);
  expect(find.place).toBe(52);
});

test('a step that waited for a page moves nothing in a newer search', async () => {
  const second = latePage();
  await toTheLast(second.page, page(200, null));
  const step = find.step(1);
  find.input('other');
  await find.look();
  await find.step(1);
  second.give(page(50, null));
  await step;
  expect(find.count).toBe(50);
  expect(find.place).toBe(2);
  expect(jumps.at(-1)).toBe(199);
});

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { answerSearches, latePage, searchHit } from '../runtime/fixtures-search';
import { ConversationList } from './conversation-list.svelte';
import { Search } from './search.svelte';

let fake: FakeRuntime;
let search: Search;

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeRuntime().withTeam();
  const rpc = new Rpc(fake);
  search = new Search(rpc, ACCOUNT, new ConversationList(rpc, ACCOUNT));
});

const found = () => search.hits.map(({ message }) => message);

describe('a page without hits, behind which there is more,', () => {
  test('is no answer: the search goes on to the first hit', async () => {
    const asked = answerSearches(fake, [
      { hits: [], next: '1' },
      { hits: [], next: '2' },
      { hits: [searchHit(7)], next: null },
    ]);
    search.input('note');
    await search.look();
    expect(found()).toEqual([7]);
    expect(asked).toEqual([null, '1', '2']);
    expect(search.searched).toBe(true);
    expect(search.goingOn).toBe(false);
  });

  test('leaves the search under way, until another one begins', async () => {
    const second = latePage();
    const asked = answerSearches(fake, [{ hits: [], next: '1' }, second.page]);
    search.input('note');
    const first = search.look();
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(search.goingOn).toBe(true);
    expect(search.searched).toBe(false);
    search.input('');
    expect(search.goingOn).toBe(false);
    second.give({ hits: [], next: '2' });
    await first;
    expect(asked).toHaveLength(2);
    expect(search.searched).toBe(false);
  });

  test('is passed over further down, too', async () => {
    answerSearches(fake, [
      { hits: [searchHit(9)], next: '1' },
      { hits: [], next: '2' },
      { hits: [searchHit(3)], next: '3' },
    ]);
    search.input('note');
    await search.look();
    await search.more();
    expect(found()).toEqual([9, 3]);
    expect(search.hasMore).toBe(true);
    expect(search.goingOn).toBe(false);
  });
});

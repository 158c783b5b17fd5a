import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OccupantView } from '../rpc/generated/OccupantView';
import type { Response } from '../rpc/generated/Response';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { nobody } from '../runtime/fixtures';
import { loadEmoji } from '../text/emoji';
import { loadPinyin } from '../text/pinyin';
import { Completion } from './completion.svelte';
import { Here } from './here.svelte';

const ROOM = 'design@conference.valley.local';
const ROOM_ANSWERS: Record<string, Response> = {
  occupants: {
    type: 'occupants',
    value: [
      ['李娜', 'lina@valley.local', true],
      ['王伟', 'wangwei@valley.local', false],
      ['王维', null, false],
    ].map(([nick, address, is_me]) => ({
      nick: nick as string,
      address: address as string | null,
      affiliation: 'member',
      role: 'participant',
      presence: 'online',
      is_me: is_me as boolean,
    })),
  },
  members: {
    type: 'members',
    value: [
      ['王伟', 'wangwei@valley.local', true],
      ['Anna Kowalski', 'anna@valley.local', false],
    ].map(([name, address, is_there]) => ({
      name: name as string,
      address: address as string,
      affiliation: 'member',
      is_there: is_there as boolean,
    })),
  },
};

beforeAll(() => Promise.all([loadPinyin(), loadEmoji()]));
beforeEach(() => localStorage.clear());

/** A room with two of one sound, one of them hidden, and one who is away. */
async function open(again: readonly OccupantView[] = []) {
  const fake = new FakeRuntime().withAccount();
  fake.contacts = [
    { ...nobody, address: 'wangwei@valley.local', name: '王伟', departments: [['财务部']] },
  ];
  const request = fake.request.bind(fake);
  vi.spyOn(fake, 'request').mockImplementation(async (asked) => {
    if (asked.type !== 'rooms') return request(asked);
    const answer = ROOM_ANSWERS[asked.action]!;
    if (answer.type !== 'occupants') return answer;
    return { ...answer, value: [...answer.value, ...again] };
  });
  const here = new Here(new Rpc(fake), ACCOUNT, ROOM, true);
  const completion = new Completion(here, () => 'en');
  const typed = async (text: string) => {
    completion.update(text, text.length);
    // What is loaded late is here after the first time.
    await vi.waitFor(() => expect(here.people.length).toBe(3));
    return completion.options.map((option) =>
      option.kind === 'mention' ? option.person.name : option.key,
    );
  };
  await typed('@');
  return { completion, typed };
}

describe('U49: names', () => {
  test('of all who can be named, those who are there first, never ours', async () => {
    const { typed } = await open();
    expect(await typed('@')).toEqual(['王伟', '王维', 'Anna Kowalski']);
  });

  test.each([
    ['hi @ww', ['王伟', '王维']],
    ['你好@kow', ['Anna Kowalski']],
    ['@cwb', ['王伟']],
    ['@财务', ['王伟']],
    ['mail li@ww', []],
    ['@@ww', []],
    ['@ww x', []],
  ])('%j', async (text, expected) => {
    const { typed } = await open();
    expect(await typed(text)).toEqual(expected);
  });

  test('of people whose address the room hides carry the nickname', async () => {
    const { completion, typed } = await open();
    await typed('hi @王维');
    expect(completion.take()).toMatchObject({
      from: 3,
      to: 6,
      text: '@王维 ',
      person: { address: `${ROOM}/王维` },
    });
    expect(completion.open).toBe(false);
  });

  test('of somebody who is there under two nicknames are one', async () => {
    const { completion, typed } = await open([
      {
        nick: 'wangwei on the way',
        address: 'wangwei@valley.local',
        affiliation: 'member',
        role: 'participant',
        presence: 'online',
        is_me: false,
      },
    ]);
    expect(await typed('@wang')).toEqual(['王伟', '王维']);
    const keys = completion.options.map(({ key }) => key);
    expect(keys).toEqual(['wangwei@valley.local', `${ROOM}/王维`]);
  });

  test('that were closed stay closed until something else is typed', async () => {
    const { completion, typed } = await open();
    await typed('@w');
    completion.close();
    expect(await typed('@ww')).toEqual([]);
    expect(await typed('@ww @')).not.toEqual([]);
  });

  test('are gone through in a ring', async () => {
    const { completion, typed } = await open();
    await typed('@');
    completion.move(-1);
    expect(completion.index).toBe(2);
    completion.move(1);
    expect(completion.index).toBe(0);
  });
});

test('commands of rooms are there in rooms; what is typed out needs no list', async () => {
  const { typed } = await open();
  expect(await typed('/')).toEqual(['me', 'shrug', 'topic']);
  expect(await typed('/to')).toEqual(['topic']);
  expect(await typed('/topic')).toEqual([]);
  expect(await typed('a /to')).toEqual([]);
});

test('emoji are found by words, not in times and addresses', async () => {
  const { typed } = await open();
  expect((await typed(':panda'))[0]).toMatch(/^🐼/);
  expect(await typed('at 10:30')).toEqual([]);
  expect(await typed('http://x')).toEqual([]);
  expect(await typed(':p')).toEqual([]);
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import type { FakeRoom } from '../runtime/fake-rooms';
import { ME } from '../runtime/fixtures';
import { apiError } from '../errors/api-failure';
import { People } from './people.svelte';
import { Room } from './room.svelte';

const WANGWEI = 'wangwei@valley.local';
const ANNA = 'anna@valley.local';

let fake: FakeRuntime;
let there: FakeRoom;
let room: Room;

beforeEach(async () => {
  fake = new FakeRuntime().withTeam();
  there = fake.rooms.add('Launch', { [ME]: 'owner', [WANGWEI]: 'member', [ANNA]: 'member' });
  const rpc = new Rpc(fake);
  room = new Room(rpc, ACCOUNT, new People(rpc, ACCOUNT), there.address);
  await room.refresh();
});

afterEach(() => room.close());

const role = (address: string) => room.people.find((one) => one.address === address)?.role;

test('U102: who has just left keeps nobody else from being muted', async () => {
  // The room has heard of it, this device has not.
  there.there.delete(ANNA);
  expect(await room.muteAll(true)).toBe(true);
  expect(there.there.get(WANGWEI)).toBe('visitor');
  expect(room.attempt.problem).toBeNull();
  expect(role(ANNA)).toBe('none');
});

test('U102: what was done before a refusal is shown', async () => {
  const answer = fake.rooms.answer.bind(fake.rooms);
  fake.rooms.answer = (request) => {
    if (request.action === 'set-role' && there.there.get(ANNA) === 'visitor') {
      throw apiError('not-connected');
    }
    return answer(request);
  };
  // They stand in the order of their names.
  expect(room.people.map(({ address }) => address).slice(1)).toEqual([ANNA, WANGWEI]);
  expect(await room.muteAll(true)).toBe(false);
  expect(room.attempt.problem?.code).toBe('not-connected');
  expect(role(ANNA)).toBe('visitor');
  expect(role(WANGWEI)).toBe('participant');
  expect(room.view?.features.moderated).toBe(true);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tomorrowMorning } from '../../components/people/own-presence';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { OwnPresence } from './own-presence.svelte';

let fake: FakeRuntime;
let own: OwnPresence;

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
  fake = new FakeRuntime().withTeam();
  own = new OwnPresence(new Rpc(fake), ACCOUNT);
});

afterEach(() => own.close());

test('what was chosen goes to the server, with the status that was said before', async () => {
  await own.setStatus(' In a meeting ');
  await own.set('away');
  expect(fake.people.presence).toEqual({ show: 'away', status: 'In a meeting' });
});

test('U81: do not disturb ends by itself at the time that was chosen', async () => {
  await own.set('do-not-disturb', Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(3_599_000);
  expect(own.show).toBe('do-not-disturb');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(own.show).toBe('available');
  expect(own.until).toBeNull();
  expect(fake.people.presence.show).toBe('available');
});

test('U81: the end is kept over a restart, also when it has passed meanwhile', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  own.close();
  const again = new OwnPresence(new Rpc(fake), ACCOUNT);
  await again.load();
  expect(again.until).not.toBeNull();
  again.close();
  vi.setSystemTime(Date.now() + 120_000);
  const late = new OwnPresence(new Rpc(fake), ACCOUNT);
  await late.load();
  await vi.advanceTimersByTimeAsync(0);
  expect(late.show).toBe('available');
});

test('another choice forgets the end', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  await own.set('away');
  await vi.advanceTimersByTimeAsync(61_000);
  expect(own.show).toBe('away');
});

test('a refusal changes nothing and says why', async () => {
  fake.failNext('people', 'not-connected');
  expect(await own.set('away')).toBe(false);
  expect(own.show).toBe('available');
  expect(own.attempt.problem?.code).toBe('not-connected');
});

test('tomorrow morning is eight o’clock of the next local day', () => {
  const late = new Date(2024, 4, 10, 23, 30).getTime();
  expect(new Date(tomorrowMorning(late)).toString()).toContain('May 11 2024 08:00:00');
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tomorrowMorning } from '../../components/people/own-presence';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { OwnPresence } from './own-presence.svelte';
import { RETRY_MS } from './own-presence-ends';

let fake: FakeRuntime;
let rpc: Rpc;
let own: OwnPresence;

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
  fake = new FakeRuntime().withTeam();
  rpc = new Rpc(fake);
  own = new OwnPresence(rpc, ACCOUNT);
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

test('U81: do not disturb ends also while another account is shown', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  own.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fake.people.presence.show).toBe('available');
});

test('U81: an end that comes behind the lock holds as soon as it is open', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  own.close();
  fake.failNext('people', 'locked');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fake.people.presence.show).toBe('do-not-disturb');
  const opened = new OwnPresence(rpc, ACCOUNT);
  await opened.load();
  await vi.advanceTimersByTimeAsync(0);
  expect(opened.show).toBe('available');
  expect(fake.people.presence.show).toBe('available');
  opened.close();
});

test('U81: an end that could not be told is told later', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  fake.failNext('people', 'internal');
  await vi.advanceTimersByTimeAsync(60_000 + RETRY_MS);
  expect(own.show).toBe('available');
});

test('what was chosen in the tray stays when a status is said, and at the end of another', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  fake.people.presence = { ...fake.people.presence, show: 'away' };
  await own.setStatus('In a meeting');
  expect(fake.people.presence).toEqual({ show: 'away', status: 'In a meeting' });
  expect(own.show).toBe('away');
  await own.set('do-not-disturb', Date.now() + 60_000);
  fake.people.presence = { ...fake.people.presence, show: 'extended-away' };
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fake.people.presence.show).toBe('extended-away');
  expect(own.show).toBe('extended-away');
});

test('a status that is said leaves the end as it is', async () => {
  await own.set('do-not-disturb', Date.now() + 60_000);
  await own.setStatus('Writing');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fake.people.presence).toEqual({ show: 'available', status: 'Writing' });
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

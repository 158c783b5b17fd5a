import { beforeEach, expect, test, vi } from 'vitest';
import { apiError } from '../errors/api-failure';
import { Connection, QUIET_MS } from './connection.svelte';

const waiting = (seconds: number) => ({
  state: 'waiting' as const,
  retry_at_ms: Date.now() + seconds * 1000,
  error: apiError('server-unreachable'),
});

beforeEach(() => {
  vi.useFakeTimers();
});

test('a short loss is not shown', () => {
  const connection = new Connection();
  connection.update({ state: 'online' });
  connection.update(waiting(1));
  vi.advanceTimersByTime(QUIET_MS - 1);
  connection.update({ state: 'online' });
  vi.advanceTimersByTime(QUIET_MS * 2);
  expect(connection.bannerVisible).toBe(false);
});

test('the banner comes after 3 s, however often it is tried in between', () => {
  const connection = new Connection();
  connection.update(waiting(1));
  vi.advanceTimersByTime(1500);
  connection.update({ state: 'connecting' });
  vi.advanceTimersByTime(1499);
  expect(connection.bannerVisible).toBe(false);
  vi.advanceTimersByTime(1);
  expect(connection.bannerVisible).toBe(true);
  connection.update({ state: 'catching-up' });
  expect(connection.bannerVisible).toBe(false);
});

test('a new loss is counted anew', () => {
  const connection = new Connection();
  connection.update(waiting(9));
  vi.advanceTimersByTime(QUIET_MS);
  connection.update({ state: 'online' });
  connection.update({ state: 'offline', error: null });
  expect(connection.bannerVisible).toBe(false);
  vi.advanceTimersByTime(QUIET_MS);
  expect(connection.bannerVisible).toBe(true);
});

test('counts the seconds down to the next try, not below zero', () => {
  const connection = new Connection();
  connection.update(waiting(8));
  expect(connection.secondsToRetry).toBe(8);
  vi.advanceTimersByTime(3000);
  expect(connection.secondsToRetry).toBe(5);
  vi.advanceTimersByTime(9000);
  expect(connection.secondsToRetry).toBe(0);
  connection.update({ state: 'connecting' });
  expect(connection.secondsToRetry).toBeNull();
});

test('a wrong password is said at once', () => {
  const connection = new Connection();
  connection.update({ state: 'offline', error: apiError('wrong-password') });
  expect(connection.needsPassword).toBe(true);
  expect(connection.bannerVisible).toBe(true);
});

test('U66: each way to be shut out has a sentence, and asks for the password where that helps', () => {
  const connection = new Connection();
  const reasons = (code: Parameters<typeof apiError>[0]) => {
    connection.update({ state: 'offline', error: apiError(code) });
    expect(connection.bannerVisible).toBe(true);
    return [connection.passwordReason, connection.closedReason];
  };
  expect(reasons('wrong-password')).toEqual(['connection.password', null]);
  expect(reasons('sign-in-expired')).toEqual(['connection.expired', null]);
  expect(reasons('account-removed')).toEqual([null, 'connection.removed']);
  expect(reasons('account-disabled')).toEqual([null, 'connection.disabled']);
  connection.update({ state: 'online' });
  expect([connection.passwordReason, connection.closedReason]).toEqual([null, null]);
});

test('leaves no timer behind', () => {
  const connection = new Connection();
  connection.update(waiting(8));
  connection.close();
  expect(vi.getTimerCount()).toBe(0);
});

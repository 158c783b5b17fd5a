import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WindowAttention } from '../rpc/generated/WindowAttention';
import { Heartbeat } from './heartbeat';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('U29: what the window shows is said at once and each half minute, else not', () => {
  const said: WindowAttention[] = [];
  const heartbeat = new Heartbeat((attention) => said.push(attention));
  const stop = heartbeat.start();
  expect(said).toEqual([{ active: false, reading: null }]);
  const reading = { account: 'a', conversation: 'li@example.com' };
  heartbeat.update(true, reading);
  heartbeat.update(true, { ...reading });
  expect(said).toHaveLength(2);
  heartbeat.update(true, { ...reading, conversation: 'wang@example.com' });
  heartbeat.update(false, null);
  expect(said).toHaveLength(4);
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(6);
  expect(said.at(-1)).toEqual({ active: false, reading: null });
  stop();
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(6);
});

import { expect, test } from 'vitest';
import { Doorbell } from './doorbell';

test('a burst of rings is two runs: the one that is on and one for the rest', async () => {
  let runs = 0;
  let release: () => void = () => undefined;
  const bell = new Doorbell(() => {
    runs += 1;
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  const first = bell.ring();
  void bell.ring();
  void bell.ring();
  expect(runs).toBe(1);
  release();
  await Promise.resolve();
  await Promise.resolve();
  expect(runs).toBe(2);
  release();
  await first;
  expect(runs).toBe(2);
});

test('rings again after a run that failed', async () => {
  let runs = 0;
  const bell = new Doorbell(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
  });
  await expect(bell.ring()).rejects.toThrow('once');
  await bell.ring();
  expect(runs).toBe(2);
});

test.each([0, 1, 2, 3, 4, 5])(
  'a ring that comes %i steps after the end of a run is answered',
  async (steps) => {
    let runs = 0;
    let state = 'old';
    let seen = '';
    let end: () => void = () => undefined;
    const bell = new Doorbell(async () => {
      runs += 1;
      const found = state;
      if (runs === 1) await new Promise<void>((resolve) => (end = resolve));
      seen = found;
    });
    void bell.ring();
    end();
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    state = 'new';
    await bell.ring();
    expect(seen).toBe('new');
  },
);

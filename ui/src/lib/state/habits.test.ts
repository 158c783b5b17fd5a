import { expect, test } from 'vitest';
import { Habits } from './habits';

test('U94: what was chosen for a text comes first for it and its beginnings', () => {
  const habits = new Habits('account-1');
  habits.chose('zw', 'a@x');
  expect(habits.rank('zw', 'a@x')).toBeGreaterThan(0);
  expect(habits.rank('Z', 'a@x')).toBeGreaterThan(0);
  expect(habits.rank('zwx', 'a@x')).toBe(0);
  expect(habits.rank('zw', 'b@x')).toBe(0);
  habits.chose('zw', 'b@x');
  expect(habits.rank('zw', 'b@x')).toBeGreaterThan(habits.rank('zw', 'a@x'));
});

test('habits belong to an account, are kept, and say nothing to who reads the file', () => {
  new Habits('account-1').chose('anna', 'anna@valley.local');
  expect(new Habits('account-1').rank('an', 'anna@valley.local')).toBeGreaterThan(0);
  expect(new Habits('account-2').rank('an', 'anna@valley.local')).toBe(0);
  expect(JSON.stringify({ ...localStorage })).not.toMatch(/anna|valley|account/);
});

test('a damaged file and a full one cost nothing', () => {
  localStorage.setItem(Object.keys({ ...localStorage })[0] ?? 'startalk.x', '{');
  const habits = new Habits('account-1');
  for (let index = 0; index < 2_000; index += 1) habits.chose(`name${index}`, `p${index}`);
  expect(habits.rank('name1999', 'p1999')).toBeGreaterThan(0);
  expect(habits.rank('name0', 'p0')).toBe(0);
  expect(JSON.stringify({ ...localStorage }).length).toBeLessThan(20_000);
});

import { expect, test } from 'vitest';
import { AVATAR_HUES, hue, initials } from './avatar';

test.each([
  ['李娜', '李娜'],
  ['欧阳雪', '阳雪'],
  ['Anna Kowalski', 'AK'],
  ['anna', 'A'],
  ['Maria del Carmen Ruiz', 'MR'],
  ['  ', '?'],
  ['', '?'],
  ['🎉 Party', '🎉P'],
  ['李娜、张伟', '李娜'],
  ['Anna, Marc', 'AM'],
])('initials of %j are %s', (name, expected) => {
  expect(initials(name)).toBe(expected);
});

test.each([
  ['设计组 Design', '设计'],
  ['官网改版', '官网'],
  ['Everybody in the valley', 'EV'],
])('a room or team %j is shown as %s', (name, expected) => {
  expect(initials(name, false)).toBe(expected);
});

test('a colour belongs to an address and is one of those there are', () => {
  expect(hue('a@b')).toBe(hue('a@b'));
  for (const address of ['', 'x', 'anna@valley.local', '李娜@例子']) {
    expect(hue(address)).toBeGreaterThanOrEqual(0);
    expect(hue(address)).toBeLessThan(AVATAR_HUES);
  }
});

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

test('a colour belongs to an address and is one of those there are', () => {
  expect(hue('a@b')).toBe(hue('a@b'));
  for (const address of ['', 'x', 'anna@valley.local', '李娜@例子']) {
    expect(hue(address)).toBeGreaterThanOrEqual(0);
    expect(hue(address)).toBeLessThan(AVATAR_HUES);
  }
});

import { describe, expect, test } from 'vitest';
import { clock, dayLabel, isSameDay, listTime, span } from './format';

// The tests run in Shanghai: UTC+8, no daylight saving.
const at = (text: string) => Date.parse(`${text}+08:00`);
const now = at('2024-05-15T09:30');

describe('the time in a row', () => {
  test.each([
    ['2024-05-15T00:00', '00:00', '00:00'],
    ['2024-05-15T09:29', '09:29', '09:29'],
    ['2024-05-14T23:59', 'Yesterday', '昨天'],
    ['2024-05-13T12:00', 'Mon', '周一'],
    ['2024-05-08T12:00', 'May 8', '5月8日'],
    ['2023-12-31T12:00', '12/31/2023', '2023/12/31'],
  ])('of %s is %s', (time, en, zh) => {
    expect(listTime(at(time), now, 'en')).toBe(en);
    expect(listTime(at(time), now, 'zh-CN')).toBe(zh);
  });

  test('of a clock that is a little ahead is a time, not a day', () => {
    expect(listTime(at('2024-05-16T00:02'), now, 'en')).toBe('00:02');
  });
});

test.each([
  ['2024-05-15T08:00', 'Today', '今天'],
  ['2024-05-14T08:00', 'Yesterday', '昨天'],
  ['2024-05-10T08:00', 'Friday, May 10', '5月10日星期五'],
  ['2023-05-10T08:00', 'Wednesday, May 10, 2023', '2023年5月10日星期三'],
])('the separator of %s', (time, en, zh) => {
  expect(dayLabel(at(time), now, 'en')).toBe(en);
  expect(dayLabel(at(time), now, 'zh-CN')).toBe(zh);
});

test('days end at local midnight', () => {
  expect(isSameDay(at('2024-05-15T00:00'), at('2024-05-15T23:59'))).toBe(true);
  expect(isSameDay(at('2024-05-14T23:59'), at('2024-05-15T00:00'))).toBe(false);
});

test('midnight is 00, not 24', () => {
  expect(clock(at('2024-05-15T00:05'), 'en')).toBe('00:05');
  expect(clock(at('2024-05-15T00:05'), 'zh-CN')).toBe('00:05');
});

test('U68: how far a clock is off, in the unit that says it', () => {
  expect(span(-12, 'en')).toBe('12 minutes');
  expect(span(300, 'en')).toBe('5 hours');
  expect(span(-3 * 24 * 60, 'zh-CN')).toBe('3天');
});

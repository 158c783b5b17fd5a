import { afterEach, describe, expect, test } from 'vitest';
import {
  bytes,
  clock,
  dayLabel,
  firstWeekday,
  fullTime,
  isSameDay,
  listTime,
  setHours,
  span,
  systemHours,
} from './format';
import { i18n } from './i18n.svelte';

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
  expect(span(-3 * 24 * 60, 'zh-CN')).toBe('3 天');
});

describe('U116: what follows the system or the language', () => {
  afterEach(() => {
    setHours('h23');
    i18n.locale = 'en';
  });

  test('hours are counted as the system does, in either language', () => {
    expect(systemHours('en-US')).toBe('h12');
    for (const system of ['zh-CN', 'en-GB', 'de-DE', 'ja-JP', 'en', 'C', ''])
      expect(systemHours(system)).toBe('h23');
    setHours('h12');
    const afternoon = at('2024-05-15T14:05');
    expect(clock(afternoon, 'en')).toMatch(/^2:05\sPM$/);
    expect(clock(afternoon, 'zh-CN')).toBe('下午2:05');
    expect(clock(at('2024-05-15T00:05'), 'en')).toMatch(/^12:05\sAM$/);
    expect(fullTime(afternoon, 'en')).toMatch(/2:05\sPM/);
    setHours('h23');
    expect(clock(afternoon, 'en')).toBe('14:05');
    expect(fullTime(afternoon, 'zh-CN')).toContain('14:05');
  });

  test('numbers and sizes are written as in the language', () => {
    expect(i18n.count('composer.everyone-of', 12_345)).toBe('12,345 people');
    i18n.locale = 'zh-CN';
    expect(i18n.count('composer.everyone-of', 12_345)).toBe('12,345 人');
    expect(bytes(1_500_000, 'en')).toBe('1.5 MB');
    expect(bytes(1_500_000, 'zh-CN')).toMatch(/^1\.5\s?MB$/);
    expect([0, 1, 5].map((size) => bytes(size, 'en'))).toEqual(['0 bytes', '1 byte', '5 bytes']);
    expect(bytes(5, 'zh-CN')).toBe('5 字节');
  });

  test('weeks begin where they do there', () => {
    expect(firstWeekday('en-US')).toBe(7);
    expect(firstWeekday('zh-CN')).toBe(1);
    expect(firstWeekday('de')).toBe(1);
    expect(firstWeekday('ar-EG')).toBe(6);
  });
});

import { describe, expect, test } from 'vitest';
import type { QuietHours } from '../rpc/generated/QuietHours';
import { formatTime, isQuiet, parseTime } from './quiet';
import { USUAL_SETTINGS } from './usual-settings';

// The tests run in Shanghai; 26 November 2026 is a Thursday.
const at = (text: string) => Date.parse(`${text}+08:00`);
const hours = (quiet_hours: QuietHours) => ({ ...USUAL_SETTINGS.notifications, quiet_hours });
const weekdays: QuietHours['days'] = [true, true, true, true, true, false, false];

describe('U81: quiet hours', () => {
  test.each([
    ['2026-11-26T21:59', false],
    ['2026-11-26T22:00', true],
    ['2026-11-27T06:59', true],
    ['2026-11-27T07:00', false],
    // Saturday morning belongs to Friday, Sunday morning to Saturday.
    ['2026-11-28T06:00', true],
    ['2026-11-28T23:00', false],
    ['2026-11-29T06:00', false],
    ['2026-11-30T06:00', false],
  ])('over midnight, begun on weekdays: %s is quiet: %s', (time, quiet) => {
    const night = { from_minute: 22 * 60, to_minute: 7 * 60, days: weekdays };
    expect(isQuiet(hours(night), at(time))).toBe(quiet);
  });

  test.each([
    ['2026-11-26T11:59', false],
    ['2026-11-26T12:00', true],
    ['2026-11-26T12:59', true],
    ['2026-11-26T13:00', false],
    ['2026-11-28T12:30', false],
  ])('within a day: %s is quiet: %s', (time, quiet) => {
    const noon = { from_minute: 12 * 60, to_minute: 13 * 60, days: weekdays };
    expect(isQuiet(hours(noon), at(time))).toBe(quiet);
  });

  test('and a while without notifications', () => {
    const now = at('2026-11-26T12:00');
    const settings = { ...USUAL_SETTINGS.notifications, quiet_until_ms: now + 1 };
    expect(isQuiet(settings, now)).toBe(true);
    expect(isQuiet(settings, now + 1)).toBe(false);
  });
});

test.each([
  ['08:05', 485],
  ['23:59', 1439],
  ['24:00', null],
  ['8:5', null],
  ['', null],
])('the time %j is minute %s', (text, minute) => {
  expect(parseTime(text)).toBe(minute);
  if (minute !== null) expect(formatTime(minute)).toBe(text);
});

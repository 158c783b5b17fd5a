import type { Locale } from './keys';

const DAY_MS = 86_400_000;

/** How the system counts hours, which is apart from the language of the window. */
export type Hours = 'h12' | 'h23';
let hours: Hours = 'h23';

/** How hours are counted where the system says that it is; 24 where it does not say. */
export function systemHours(system: string): Hours {
  try {
    if (new Intl.Locale(system).region === undefined) return 'h23';
    const { hour12 } = new Intl.DateTimeFormat(system, { hour: 'numeric' }).resolvedOptions();
    return hour12 ? 'h12' : 'h23';
  } catch {
    return 'h23';
  }
}

export function setHours(now: Hours): void {
  hours = now;
}

/** What a time is written with, by the use that is made of it. */
const STYLES = {
  'narrow weekday': { weekday: 'narrow' },
  'short weekday': { weekday: 'short' },
  month: { year: 'numeric', month: 'long' },
  'short date': { month: 'short', day: 'numeric' },
  'short date and year': { year: 'numeric', month: 'numeric', day: 'numeric' },
  day: { weekday: 'long', month: 'long', day: 'numeric' },
  'day and year': { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  h12: { hour: 'numeric', minute: '2-digit', hourCycle: 'h12' },
  h23: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  'full h12': { dateStyle: 'long', timeStyle: 'short', hourCycle: 'h12' },
  'full h23': { dateStyle: 'long', timeStyle: 'short', hourCycle: 'h23' },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** Formatters are slow to make (ICU reads its tables), so each is made once. */
const made = new Map<string, unknown>();
function once<T>(key: string, make: () => T): T {
  if (!made.has(key)) made.set(key, make());
  return made.get(key) as T;
}

function format(locale: Locale, style: keyof typeof STYLES, ms: number): string {
  const make = () => new Intl.DateTimeFormat(locale, STYLES[style]);
  return once(`${locale} ${style}`, make).format(ms);
}

/** A number of a unit, as in "3 days". */
function count(
  locale: Locale,
  value: number,
  unit: string,
  unitDisplay: 'short' | 'long',
  digits = 0,
): string {
  const options = { style: 'unit', unit, unitDisplay, maximumFractionDigits: digits } as const;
  const make = () => new Intl.NumberFormat(locale, options);
  return once(`${locale} ${unitDisplay} ${unit} ${digits}`, make).format(value);
}

/** Local midnight before this time. */
export function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

export function isSameDay(a: number, b: number): boolean {
  return startOfDay(a) === startOfDay(b);
}

/** Whole local days from `ms` to `now`; rounding makes a 23 or 25 hour day one day. */
function daysAgo(ms: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(ms)) / DAY_MS);
}

function relativeDay(locale: Locale, days: number): string {
  const make = () => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const word = once(`${locale} relative`, make).format(-days, 'day');
  return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
}

/** The day on which weeks begin: 1 is Monday, 7 is Sunday. */
export function firstWeekday(tag: string): number {
  // Newer than the types; web views have it as one or the other.
  const locale: Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  } = new Intl.Locale(tag);
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}

export function weekdayName(ms: number, locale: Locale): string {
  return format(locale, 'narrow weekday', ms);
}

export function monthName(ms: number, locale: Locale): string {
  return format(locale, 'month', ms);
}

/** A day in full, for screen readers. */
export function fullDay(ms: number, locale: Locale): string {
  return format(locale, 'day and year', ms);
}

/** What was formatted last: a message needs it twice, and its neighbours often the same. */
let lastClock = { of: '', text: '' };

/** Hours and minutes, as the system counts them. */
export function clock(ms: number, locale: Locale): string {
  const of = `${Math.floor(ms / 60_000)} ${locale} ${hours}`;
  if (lastClock.of !== of) {
    lastClock = { of, text: format(locale, hours, ms) };
  }
  return lastClock.text;
}

/** For a row of the list: time, yesterday, weekday, date. */
export function listTime(ms: number, now: number, locale: Locale): string {
  const days = daysAgo(ms, now);
  if (days <= 0) return clock(ms, locale);
  if (days === 1) return relativeDay(locale, 1);
  if (days < 7) return format(locale, 'short weekday', ms);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return format(locale, sameYear ? 'short date' : 'short date and year', ms);
}

/** For a separator in the timeline: today, yesterday, weekday and date. */
export function dayLabel(ms: number, now: number, locale: Locale): string {
  const days = daysAgo(ms, now);
  if (days === 0 || days === 1) return relativeDay(locale, days);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return format(locale, sameYear ? 'day' : 'day and year', ms);
}

/** How long something lasts, as players show it: 0:07, 12:34. */
export function duration(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Date and time for the name of a file: rising, and without signs that systems refuse. */
export function fileTime(ms: number): string {
  const at = new Date(ms);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}`;
}

/** Date and time in full, for tooltips and screen readers. */
export function fullTime(ms: number, locale: Locale): string {
  return format(locale, `full ${hours}`, ms);
}

/** With a space between digits and characters, as all texts of the window have it. */
function spaced(said: string): string {
  return said.replace(/(\d)(?=\p{Script=Han})/u, '$1 ');
}

/** So many minutes, in hours or days where these say it better. */
export function span(minutes: number, locale: Locale): string {
  const long = Math.abs(minutes);
  const [unit, size] =
    long < 90
      ? (['minute', 1] as const)
      : long < 48 * 60
        ? (['hour', 60] as const)
        : (['day', 24 * 60] as const);
  return spaced(count(locale, long / size, unit, 'long'));
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** A size in the unit that keeps the number short. */
export function bytes(size: number, locale: Locale): string {
  const power = size < 1 ? 0 : Math.min(Math.floor(Math.log10(size) / 3), UNITS.length - 1);
  const value = size / 1000 ** power;
  const digits = value < 10 && power > 0 ? 1 : 0;
  // The short name of a byte is "byte", however many there are and in Chinese too.
  const display = power === 0 ? 'long' : 'short';
  return spaced(count(locale, value, UNITS[power] ?? 'byte', display, digits));
}

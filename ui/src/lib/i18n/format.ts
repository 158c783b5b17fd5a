import type { Locale } from './keys';

const DAY_MS = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();
const relative = new Map<Locale, Intl.RelativeTimeFormat>();

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

function format(locale: Locale, options: Intl.DateTimeFormatOptions, ms: number): string {
  const key = `${locale}${JSON.stringify(options)}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(locale, options);
    formatters.set(key, formatter);
  }
  return formatter.format(ms);
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
  let formatter = relative.get(locale);
  if (!formatter) {
    formatter = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    relative.set(locale, formatter);
  }
  const word = formatter.format(-days, 'day');
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
  return format(locale, { weekday: 'narrow' }, ms);
}

export function monthName(ms: number, locale: Locale): string {
  return format(locale, { year: 'numeric', month: 'long' }, ms);
}

/** A day in full, for screen readers. */
export function fullDay(ms: number, locale: Locale): string {
  return format(locale, { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, ms);
}

/** What was formatted last: a message needs it twice, and its neighbours often the same. */
let lastClock = { of: '', text: '' };

/** Hours and minutes, as the system counts them. */
export function clock(ms: number, locale: Locale): string {
  const of = `${Math.floor(ms / 60_000)} ${locale} ${hours}`;
  if (lastClock.of !== of) {
    const hour = hours === 'h23' ? '2-digit' : 'numeric';
    const text = format(locale, { hour, minute: '2-digit', hourCycle: hours }, ms);
    lastClock = { of, text };
  }
  return lastClock.text;
}

/** For a row of the list: time, yesterday, weekday, date. */
export function listTime(ms: number, now: number, locale: Locale): string {
  const days = daysAgo(ms, now);
  if (days <= 0) return clock(ms, locale);
  if (days === 1) return relativeDay(locale, 1);
  if (days < 7) return format(locale, { weekday: 'short' }, ms);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return sameYear
    ? format(locale, { month: 'short', day: 'numeric' }, ms)
    : format(locale, { year: 'numeric', month: 'numeric', day: 'numeric' }, ms);
}

/** For a separator in the timeline: today, yesterday, weekday and date. */
export function dayLabel(ms: number, now: number, locale: Locale): string {
  const days = daysAgo(ms, now);
  if (days === 0 || days === 1) return relativeDay(locale, days);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return format(
    locale,
    { weekday: 'long', month: 'long', day: 'numeric', ...(sameYear ? {} : { year: 'numeric' }) },
    ms,
  );
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
  return format(locale, { dateStyle: 'long', timeStyle: 'short', hourCycle: hours }, ms);
}

/** So many minutes, in hours or days where these say it better. */
export function span(minutes: number, locale: Locale): string {
  const count = Math.abs(minutes);
  const [unit, size] =
    count < 90
      ? (['minute', 1] as const)
      : count < 48 * 60
        ? (['hour', 60] as const)
        : (['day', 24 * 60] as const);
  const said = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    maximumFractionDigits: 0,
  }).format(count / size);
  // As all texts of the window have it between digits and characters.
  return said.replace(/(\d)(?=\p{Script=Han})/u, '$1 ');
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** A size in the unit that keeps the number short. */
export function bytes(count: number, locale: Locale): string {
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1);
  const value = count / 1000 ** power;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value);
}

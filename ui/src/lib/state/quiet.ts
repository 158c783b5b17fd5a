/** Hours in which nothing makes a sound or pops up, by local time. */
export interface QuietHours {
  on: boolean;
  /** Minutes after midnight. */
  from: number;
  /** Minutes after midnight; before `from` when the night is in between. */
  to: number;
  /** Days on which they begin, 0 is Sunday. */
  days: readonly number[];
}

const DAY = 24 * 60;

export const NO_QUIET_HOURS: QuietHours = {
  on: false,
  from: 20 * 60,
  to: 8 * 60,
  days: [0, 1, 2, 3, 4, 5, 6],
};

export function readQuietHours(value: unknown): QuietHours {
  if (typeof value !== 'object' || value === null) return NO_QUIET_HOURS;
  const kept = value as Partial<Record<keyof QuietHours, unknown>>;
  const minute = (given: unknown, usual: number) =>
    typeof given === 'number' && Number.isInteger(given) && given >= 0 && given < DAY
      ? given
      : usual;
  const days = Array.isArray(kept.days)
    ? [0, 1, 2, 3, 4, 5, 6].filter((day) => (kept.days as unknown[]).includes(day))
    : NO_QUIET_HOURS.days;
  return {
    on: kept.on === true,
    from: minute(kept.from, NO_QUIET_HOURS.from),
    to: minute(kept.to, NO_QUIET_HOURS.to),
    days,
  };
}

/** Whether these hours hold at this time. */
export function isQuiet(hours: QuietHours, at: number): boolean {
  if (!hours.on || hours.from === hours.to) return false;
  const date = new Date(at);
  const minute = date.getHours() * 60 + date.getMinutes();
  const today = date.getDay();
  const yesterday = (today + 6) % 7;
  if (hours.from < hours.to) {
    return hours.days.includes(today) && minute >= hours.from && minute < hours.to;
  }
  // Over midnight: the morning belongs to the day before.
  return (
    (hours.days.includes(today) && minute >= hours.from) ||
    (hours.days.includes(yesterday) && minute < hours.to)
  );
}

/** `08:05` as minutes after midnight; null for what is no time of day. */
export function parseTime(text: string): number | null {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  return Number(hours) < 24 && Number(minutes) < 60 ? total : null;
}

export function formatTime(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

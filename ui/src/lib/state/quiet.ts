import type { NotificationSettings } from '../rpc/generated/NotificationSettings';
import type { QuietHours } from '../rpc/generated/QuietHours';

/** What is offered to whoever switches quiet hours on: the night of every day. */
export const USUAL_QUIET_HOURS: QuietHours = {
  from_minute: 20 * 60,
  to_minute: 8 * 60,
  days: [true, true, true, true, true, true, true],
};

/** Whether notifications are off at this time, by the person's own choice. */
export function isQuiet(settings: NotificationSettings, now: number): boolean {
  const { quiet_until_ms, quiet_hours } = settings;
  if (quiet_until_ms !== null && now < quiet_until_ms) return true;
  return quiet_hours !== null && holds(quiet_hours, now);
}

function holds({ from_minute, to_minute, days }: QuietHours, now: number): boolean {
  const date = new Date(now);
  const minute = date.getHours() * 60 + date.getMinutes();
  // The contract counts the days from Monday.
  const today = (date.getDay() + 6) % 7;
  const yesterday = (today + 6) % 7;
  if (from_minute <= to_minute) {
    return days[today] === true && minute >= from_minute && minute < to_minute;
  }
  // Over midnight: the morning belongs to the day before.
  return (
    (days[today] === true && minute >= from_minute) ||
    (days[yesterday] === true && minute < to_minute)
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

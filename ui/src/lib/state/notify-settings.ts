import type { NotificationSettings } from '../rpc/generated/NotificationSettings';
import type { QuietHours } from './quiet';
import type { ViewSettings } from './view-settings';

type Told = Pick<ViewSettings, 'previews' | 'quiet' | 'quietUntilMs'>;

/** Days that begin with Monday, of those that begin with Sunday, and back. */
const monday = (sunday: number) => (sunday + 6) % 7;
const sunday = (monday: number) => (monday + 1) % 7;

/** What the window chose, as the shell keeps it: it is the shell that notifies. */
export function toShell(told: Told, before: NotificationSettings): NotificationSettings {
  const { on, from, to, days } = told.quiet;
  const begins = (day: number) => days.some((one) => monday(one) === day);
  return {
    ...before,
    // Whoever chose to see even less does not see more by this.
    preview: told.previews ? 'text' : before.preview === 'text' ? 'name' : before.preview,
    quiet_until_ms: told.quietUntilMs,
    quiet_hours: on
      ? {
          from_minute: from,
          to_minute: to,
          days: [begins(0), begins(1), begins(2), begins(3), begins(4), begins(5), begins(6)],
        }
      : null,
  };
}

/** What the shell keeps, as the window shows it; hours that are off keep their times. */
export function fromShell(kept: NotificationSettings, off: QuietHours): Told {
  const hours = kept.quiet_hours;
  return {
    previews: kept.preview === 'text',
    quietUntilMs: kept.quiet_until_ms,
    quiet: hours
      ? {
          on: true,
          from: hours.from_minute,
          to: hours.to_minute,
          days: hours.days
            .flatMap((begins, day) => (begins ? [sunday(day)] : []))
            .sort((a, b) => a - b),
        }
      : { ...off, on: false },
  };
}

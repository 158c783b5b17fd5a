import type { MessageKey } from '../../lib/i18n/keys';
import type { OwnShow } from '../../lib/rpc/generated/OwnShow';
import type { PresenceShow } from '../../lib/rpc/generated/PresenceShow';

const shown: Record<OwnShow, PresenceShow> = {
  available: 'online',
  away: 'away',
  'extended-away': 'away',
  'do-not-disturb': 'do-not-disturb',
};

/** How others see what we chose. */
export function ownShown(show: OwnShow): PresenceShow {
  return shown[show];
}

/** A way to show oneself, as the menu offers it. */
export interface PresenceChoice {
  id: string;
  show: OwnShow;
  label: MessageKey;
  /** When it ends, from now. */
  until?: (now: number) => number;
}

const HOUR = 3_600_000;

/** Eight in the morning of the next day. */
export function tomorrowMorning(now: number): number {
  const date = new Date(now);
  date.setDate(date.getDate() + 1);
  return date.setHours(8, 0, 0, 0);
}

export const presenceChoices: readonly PresenceChoice[] = [
  { id: 'available', show: 'available', label: 'me.available' },
  { id: 'away', show: 'away', label: 'presence.away' },
  { id: 'dnd', show: 'do-not-disturb', label: 'presence.do-not-disturb' },
  {
    id: 'dnd-hour',
    show: 'do-not-disturb',
    label: 'me.dnd-hour',
    until: (now) => now + HOUR,
  },
  { id: 'dnd-tomorrow', show: 'do-not-disturb', label: 'me.dnd-tomorrow', until: tomorrowMorning },
];

import { listTime } from '../../lib/i18n/format';
import { i18n } from '../../lib/i18n/i18n.svelte';
import type { MessageKey } from '../../lib/i18n/keys';
import type { OwnShow } from '../../lib/rpc/generated/OwnShow';
import type { PresenceShow } from '../../lib/rpc/generated/PresenceShow';
import type { OwnPresence } from '../../lib/state/own-presence.svelte';
import type { MenuItem } from '../shared/menu';

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
interface PresenceChoice {
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

const presenceChoices: readonly PresenceChoice[] = [
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

/** The ways to show oneself, and which one holds until when. */
export function presenceItems(presence: OwnPresence, now: number): MenuItem[] {
  return presenceChoices.map(({ id, show, label, until }) => {
    // With an end that was chosen, the plain "do not disturb" is what holds.
    const holds = show === presence.show && until === undefined;
    const end = holds ? presence.until : null;
    return {
      id: `presence-${id}`,
      label: i18n.t(label),
      checked: holds,
      ...(end === null
        ? {}
        : { note: i18n.t('details.muted-until', { time: listTime(end, now, i18n.locale) }) }),
      act: () => void presence.set(show, until?.(Date.now()) ?? null),
    };
  });
}

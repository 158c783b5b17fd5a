import type { MessageKey } from '../../lib/i18n/keys';
import type { PresenceShow } from '../../lib/rpc/generated/PresenceShow';

const keys: Record<PresenceShow, MessageKey> = {
  online: 'presence.online',
  away: 'presence.away',
  'do-not-disturb': 'presence.do-not-disturb',
  offline: 'presence.offline',
};

/** The word for an availability. */
export function presenceKey(presence: PresenceShow): MessageKey {
  return keys[presence];
}

import type { MessageKey } from '../../lib/i18n/keys';
import type { Affiliation } from '../../lib/rpc/generated/Affiliation';
import type { LeftWhy } from '../../lib/rpc/generated/LeftWhy';
import type { PersonDeed } from '../../lib/state/room-rights';

const affiliations: Record<Affiliation, MessageKey> = {
  owner: 'room.owner',
  admin: 'room.admin',
  member: 'room.member',
  none: 'room.guest',
  outcast: 'room.banned-person',
};

const deeds: Record<PersonDeed, MessageKey> = {
  'make-owner': 'room.make-owner',
  'make-admin': 'room.make-admin',
  'make-member': 'room.make-member',
  'give-voice': 'room.give-voice',
  'take-voice': 'room.take-voice',
  remove: 'room.remove',
  ban: 'room.ban',
  unban: 'room.unban',
};

const reasons: Record<LeftWhy, MessageKey> = {
  kicked: 'room.left.kicked',
  banned: 'room.left.banned',
  destroyed: 'room.left.destroyed',
  'members-only': 'room.left.members-only',
  password: 'room.left.password',
  refused: 'room.left.refused',
};

export function affiliationKey(affiliation: Affiliation): MessageKey {
  return affiliations[affiliation];
}

export function deedKey(deed: PersonDeed): MessageKey {
  return deeds[deed];
}

/** Why we are not in a room any more; without a reason, we have left it. */
export function leftKey(why: LeftWhy | undefined): MessageKey {
  return why === undefined ? 'room.left' : reasons[why];
}

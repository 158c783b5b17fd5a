import type { Affiliation } from '../rpc/generated/Affiliation';
import type { MemberView } from '../rpc/generated/MemberView';
import type { OccupantView } from '../rpc/generated/OccupantView';
import type { PresenceShow } from '../rpc/generated/PresenceShow';
import type { Role } from '../rpc/generated/Role';

/** Somebody who belongs to a room, is in it, or both. */
export interface RoomPerson {
  /** Names the person within the room. */
  key: string;
  name: string;
  /** Where we may know it. */
  address: string | null;
  /** The name in the room, while they are there. */
  nick: string | null;
  affiliation: Affiliation;
  /** `none` while they are not there. */
  role: Role;
  presence: PresenceShow;
  isMe: boolean;
}

/** What can be done with somebody in a room. */
export type PersonDeed =
  | 'make-owner'
  | 'make-admin'
  | 'make-member'
  | 'give-voice'
  | 'take-voice'
  | 'remove'
  | 'ban'
  | 'unban';

const ranks: Record<Affiliation, number> = { owner: 4, admin: 3, member: 2, none: 1, outcast: 0 };

export function rank(affiliation: Affiliation): number {
  return ranks[affiliation];
}

/** Members and who is there as one list: owners, admins, members, guests, each by name. */
export function roomPeople(
  members: readonly MemberView[],
  occupants: readonly OccupantView[],
  nameOf: (address: string) => string | undefined,
  order: (a: string, b: string) => number,
): RoomPerson[] {
  const byAddress = new Map<string, RoomPerson>();
  const people: RoomPerson[] = [];
  const add = (person: RoomPerson) => {
    people.push(person);
    if (person.address !== null) byAddress.set(person.address, person);
  };
  for (const { nick, address, affiliation, role, presence, is_me } of occupants) {
    // Two devices of one person may be there under two names.
    const known = address === null ? undefined : byAddress.get(address);
    if (known) {
      known.isMe ||= is_me;
      continue;
    }
    const name = (address === null ? undefined : nameOf(address)) ?? nick;
    const key = address ?? `/${nick}`;
    add({ key, name, address, nick, affiliation, role, presence, isMe: is_me });
  }
  for (const { address, name, affiliation } of members) {
    const known = byAddress.get(address);
    // What is known of those who are there is newer than the list.
    if (known) continue;
    add({
      key: address,
      name: nameOf(address) ?? name,
      address,
      nick: null,
      affiliation,
      role: 'none',
      presence: 'offline',
      isMe: false,
    });
  }
  return people.sort((a, b) => rank(b.affiliation) - rank(a.affiliation) || order(a.name, b.name));
}

/** What we are in a room, and what the room is like. */
export interface Standing {
  affiliation: Affiliation;
  role: Role;
  moderated: boolean;
}

/** What we may do with this person (XEP-0045, sections 5.1.1 and 5.2.2). */
export function deeds(me: Standing, person: RoomPerson): PersonDeed[] {
  if (person.isMe) return [];
  const owner = me.affiliation === 'owner';
  const mine = rank(me.affiliation);
  const theirs = rank(person.affiliation);
  const administers = owner || (me.affiliation === 'admin' && theirs < mine);
  const list: PersonDeed[] = [];
  if (person.affiliation === 'outcast') return administers ? ['unban'] : [];
  if (person.address !== null) {
    if (owner && person.affiliation !== 'owner') list.push('make-owner');
    if (owner && person.affiliation !== 'admin') list.push('make-admin');
    if (administers && person.affiliation !== 'member') list.push('make-member');
  }
  // Admins and owners are left alone by moderators; first they become members.
  const moderates = me.role === 'moderator' && theirs < ranks.admin;
  const isThere = person.nick !== null;
  if (moderates && isThere) {
    if (person.role === 'visitor') list.push('give-voice');
    if (person.role === 'participant' && me.moderated) list.push('take-voice');
  }
  const belongs = person.address !== null && person.affiliation === 'member';
  if ((administers && belongs) || (moderates && isThere)) list.push('remove');
  if (person.address !== null && administers && theirs < ranks.admin) list.push('ban');
  return list;
}

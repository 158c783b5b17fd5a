import { describe, expect, test } from 'vitest';
import type { Affiliation } from '../rpc/generated/Affiliation';
import type { MemberView } from '../rpc/generated/MemberView';
import type { OccupantView } from '../rpc/generated/OccupantView';
import { deeds, type RoomPerson, roomPeople } from './room-rights';

const order = (a: string, b: string) => a.localeCompare(b);
const unknown = () => undefined;

function occupant(nick: string, more: Partial<OccupantView> = {}): OccupantView {
  return {
    nick,
    address: `${nick}@v`,
    affiliation: 'member',
    role: 'participant',
    presence: 'online',
    is_me: false,
    ...more,
  };
}

const member = (address: string, affiliation: Affiliation): MemberView => ({
  address,
  name: address.split('@')[0] ?? '',
  affiliation,
  is_there: false,
});

describe('the people of a room', () => {
  test('U102: stand by role and then by name, whether they are there or not', () => {
    const people = roomPeople(
      [member('zoe@v', 'member'), member('ben@v', 'owner'), member('ann@v', 'admin')],
      [
        occupant('carl'),
        occupant('guest', { affiliation: 'none' }),
        occupant('ben', { affiliation: 'owner' }),
      ],
      unknown,
      order,
    );
    expect(people.map(({ name, affiliation }) => `${name} ${affiliation}`)).toEqual([
      'ben owner',
      'ann admin',
      'carl member',
      'zoe member',
      'guest none',
    ]);
    expect(people.find(({ name }) => name === 'zoe')).toMatchObject({ nick: null, role: 'none' });
  });

  test('are there once, also with two devices; their name is the one of the contact', () => {
    const people = roomPeople(
      [],
      [occupant('phone', { address: 'me@v' }), occupant('desk', { address: 'me@v', is_me: true })],
      (address) => (address === 'me@v' ? 'Li Na' : undefined),
      order,
    );
    expect(people).toHaveLength(1);
    expect(people[0]).toMatchObject({ name: 'Li Na', isMe: true });
  });

  test('whose address is hidden are told apart by their names there', () => {
    const people = roomPeople(
      [],
      [occupant('a', { address: null }), occupant('b', { address: null })],
      unknown,
      order,
    );
    expect(people.map(({ key }) => key)).toEqual(['/a', '/b']);
  });
});

describe('U102: what may be done', () => {
  const person = (affiliation: Affiliation, more: Partial<RoomPerson> = {}): RoomPerson => ({
    key: 'x@v',
    name: 'x',
    address: 'x@v',
    nick: 'x',
    affiliation,
    role: 'participant',
    presence: 'online',
    isMe: false,
    ...more,
  });
  const owner = { affiliation: 'owner', role: 'moderator', moderated: true } as const;
  const admin = { affiliation: 'admin', role: 'moderator', moderated: true } as const;
  const plain = { affiliation: 'member', role: 'participant', moderated: true } as const;

  test('an owner may do all with a member, and nothing with themselves', () => {
    expect(deeds(owner, person('member'))).toEqual([
      'make-owner',
      'make-admin',
      'take-voice',
      'remove',
      'ban',
    ]);
    expect(deeds(owner, person('owner', { isMe: true }))).toEqual([]);
  });

  test('an owner takes the role of an admin or another owner away', () => {
    expect(deeds(owner, person('admin'))).toEqual(['make-owner', 'make-member']);
    expect(deeds(owner, person('owner'))).toEqual(['make-admin', 'make-member']);
  });

  test('an admin keeps order among members and guests only', () => {
    expect(deeds(admin, person('member'))).toEqual(['take-voice', 'remove', 'ban']);
    expect(deeds(admin, person('none'))).toEqual(['make-member', 'take-voice', 'remove', 'ban']);
    expect(deeds(admin, person('admin'))).toEqual([]);
    expect(deeds(admin, person('owner'))).toEqual([]);
  });

  test('voice is taken where the room is moderated, and given back anywhere', () => {
    const open = { ...owner, moderated: false };
    expect(deeds(open, person('member'))).not.toContain('take-voice');
    expect(deeds(open, person('member', { role: 'visitor' }))).toContain('give-voice');
  });

  test('a member may do nothing; who is banned can only be let in again', () => {
    expect(deeds(plain, person('member'))).toEqual([]);
    expect(deeds(admin, person('outcast', { nick: null, role: 'none' }))).toEqual(['unban']);
    expect(deeds(plain, person('outcast'))).toEqual([]);
  });

  test('of somebody whose address is hidden only what concerns their presence', () => {
    const hidden = person('none', { address: null });
    expect(deeds(owner, hidden)).toEqual(['take-voice', 'remove']);
  });
});

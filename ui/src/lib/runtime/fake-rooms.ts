import { apiError } from '../errors/api-failure';
import type { Affiliation } from '../rpc/generated/Affiliation';
import type { ContactView } from '../rpc/generated/ContactView';
import type { Event } from '../rpc/generated/Event';
import type { InvitationView } from '../rpc/generated/InvitationView';
import type { LeftView } from '../rpc/generated/LeftView';
import type { MemberView } from '../rpc/generated/MemberView';
import type { NoticeReadersView } from '../rpc/generated/NoticeReadersView';
import type { OccupantView } from '../rpc/generated/OccupantView';
import type { Response } from '../rpc/generated/Response';
import type { Role } from '../rpc/generated/Role';
import type { RoomRequest } from '../rpc/generated/RoomRequest';
import type { RoomSettings } from '../rpc/generated/RoomSettings';
import type { RoomState } from '../rpc/generated/RoomState';
import type { RoomView } from '../rpc/generated/RoomView';

/** What the fake of rooms sees of the fake team. */
export interface RoomedTeam {
  readonly account: string;
  readonly me: string;
  readonly myName: string;
  readonly contacts: readonly ContactView[];
  now(): number;
  emit(event: Event): void;
  /** Makes sure that there is a conversation. */
  open(address: string): void;
}

export interface FakeRoom {
  address: string;
  settings: RoomSettings;
  subject: string;
  /** Who has closed it, by address, and when. */
  closed: Map<string, number>;
  /** Whether this account has noted it: it is in its list. */
  noted: boolean;
  state: RoomState;
  left: LeftView | null;
  affiliations: Map<string, Affiliation>;
  /** Who is there, by address, and what they may do. */
  there: Map<string, Role>;
}

/** Settings as the fake service gives them to a new room. */
export const FRESH: RoomSettings = {
  name: '',
  description: '',
  members_only: false,
  public: true,
  persistent: true,
  moderated: false,
  members_invite: true,
  change_subject: true,
  non_anonymous: true,
  archive: true,
  limit_everyone: false,
  password: '',
};

/** Rooms with the behaviour of the contract. */
export class FakeRooms {
  readonly rooms = new Map<string, FakeRoom>();
  invitations: InvitationView[] = [];
  /** So many rooms a page of the list has. */
  pageSize = 50;
  readonly #team: RoomedTeam;

  constructor(team: RoomedTeam) {
    this.#team = team;
  }

  /** A room that is there; we are in it if we have an affiliation. */
  add(
    name: string,
    affiliations: Readonly<Record<string, Affiliation>>,
    settings: Partial<RoomSettings> = {},
    away: readonly string[] = [],
    address = `${(this.rooms.size + 1).toString(36)}x7k@conference.valley.local`,
  ): FakeRoom {
    const room: FakeRoom = {
      address,
      settings: { ...FRESH, name, ...settings },
      subject: '',
      closed: new Map(),
      noted: false,
      state: 'not-joined',
      left: null,
      affiliations: new Map(Object.entries(affiliations)),
      there: new Map(),
    };
    for (const [person, affiliation] of room.affiliations) {
      if (away.includes(person) || affiliation === 'outcast') continue;
      room.there.set(person, roleOf(affiliation));
    }
    if (room.there.has(this.#team.me)) room.state = 'joined';
    room.noted = room.state === 'joined';
    this.rooms.set(address, room);
    if (room.state === 'joined') this.#team.open(address);
    return room;
  }

  name(address: string): string | undefined {
    return this.rooms.get(address)?.settings.name ?? undefined;
  }

  answer(request: RoomRequest): Response {
    switch (request.action) {
      case 'list':
        return { type: 'rooms', value: this.#mine().map((room) => this.view(room)) };
      case 'get':
        return { type: 'room', value: this.view(this.#find(request.room)) };
      case 'discover':
        return this.#discover(request.after);
      case 'create':
        return { type: 'room', value: this.#create(request.settings) };
      case 'join':
        return { type: 'room', value: this.#join(request.room, request.password) };
      case 'invitations':
        return { type: 'invitations', value: structuredClone(this.invitations) };
      case 'settings': {
        const room = this.#find(request.room);
        if (room.affiliations.get(this.#team.me) !== 'owner') throw apiError('not-allowed');
        return { type: 'room-settings', value: { ...room.settings } };
      }
      case 'occupants':
        return { type: 'occupants', value: this.#occupants(this.#find(request.room)) };
      case 'notice-readers':
        return { type: 'notice-readers', value: this.#readers(this.#find(request.room)) };
      case 'members':
        return { type: 'members', value: this.#members(this.#find(request.room)) };
      case 'moderate':
        throw apiError('not-supported');
      default:
        this.#change(request);
        this.#changed(request.room);
        return { type: 'done' };
    }
  }

  view(room: FakeRoom): RoomView {
    const { settings } = room;
    return {
      address: room.address,
      name: settings.name ?? '',
      description: settings.description ?? '',
      subject: room.subject,
      notice_closed: room.closed.has(this.#team.me),
      notice_told: true,
      state: room.state,
      left: room.left,
      nick: this.#team.myName,
      affiliation: room.affiliations.get(this.#team.me) ?? 'none',
      role: room.there.get(this.#team.me) ?? 'none',
      autojoin: true,
      occupants: room.there.size,
      features: {
        archive: settings.archive ?? false,
        members_only: settings.members_only ?? false,
        hidden: !settings.public,
        persistent: settings.persistent ?? false,
        moderated: settings.moderated ?? false,
        password: Boolean(settings.password),
        non_anonymous: settings.non_anonymous ?? false,
        moderation: true,
        limit_everyone: settings.limit_everyone ?? false,
      },
    };
  }

  /** Another notice is closed by nobody yet. */
  say(room: FakeRoom, subject: string): void {
    if (room.subject !== subject) room.closed.clear();
    room.subject = subject;
  }

  #readers(room: FakeRoom): NoticeReadersView {
    const others = [...room.affiliations.keys()].filter((person) => person !== this.#team.me);
    const reader = (address: string) => ({
      name: this.#nick(address),
      address,
      time_ms: room.closed.get(address) ?? null,
    });
    return {
      closed: others.filter((person) => room.closed.has(person)).map(reader),
      open: others.filter((person) => !room.closed.has(person)).map(reader),
    };
  }

  #change(request: Extract<RoomRequest, { room: string }>): void {
    const { me } = this.#team;
    if (request.action === 'decline') {
      this.#answered(request.room);
      return;
    }
    const room = this.#find(request.room);
    switch (request.action) {
      case 'leave':
        room.state = 'not-joined';
        room.there.delete(me);
        if (request.forget) room.noted = false;
        break;
      case 'destroy':
        room.state = 'left';
        room.left = { why: 'destroyed', reason: request.reason };
        room.there.clear();
        break;
      case 'invite':
        for (const person of request.people) {
          if (room.settings.members_only) room.affiliations.set(person, 'member');
        }
        break;
      case 'set-subject':
        this.say(room, request.subject);
        break;
      case 'close-notice':
        room.closed.set(me, this.#team.now());
        break;
      case 'configure': {
        const said = Object.entries(request.settings).filter(([, value]) => value !== null);
        Object.assign(room.settings, Object.fromEntries(said));
        break;
      }
      case 'set-affiliation':
        if (request.affiliation === 'none') room.affiliations.delete(request.person);
        else room.affiliations.set(request.person, request.affiliation);
        if (request.affiliation === 'outcast') room.there.delete(request.person);
        else if (room.there.has(request.person)) {
          room.there.set(request.person, roleOf(request.affiliation));
        }
        if (request.affiliation === 'none' && room.settings.members_only) {
          room.there.delete(request.person);
        }
        break;
      case 'set-role': {
        const person = [...room.there.keys()].find((one) => this.#nick(one) === request.nick);
        if (person === undefined) throw apiError('room-unknown');
        if (request.role === 'none') room.there.delete(person);
        else room.there.set(person, request.role);
      }
    }
  }

  #create(settings: RoomSettings): RoomView {
    const said = Object.entries(settings).filter(([, value]) => value !== null);
    const room = this.add(
      settings.name ?? '',
      { [this.#team.me]: 'owner' },
      Object.fromEntries(said) as Partial<RoomSettings>,
    );
    this.#changed(room.address);
    return this.view(room);
  }

  #join(address: string, password: string | null): RoomView {
    const room = this.rooms.get(address);
    if (!room) throw apiError('room-unknown');
    const mine = room.affiliations.get(this.#team.me);
    const invited = this.invitations.some((invitation) => invitation.room === address);
    if (mine === 'outcast') throw apiError('room-banned');
    if (room.settings.members_only && !mine && !invited) throw apiError('room-members-only');
    if (room.settings.password && room.settings.password !== password) {
      throw apiError('room-password');
    }
    if (invited && room.settings.members_only) room.affiliations.set(this.#team.me, 'member');
    room.state = 'joined';
    room.noted = true;
    room.left = null;
    room.there.set(this.#team.me, roleOf(room.affiliations.get(this.#team.me) ?? 'none'));
    this.#team.open(address);
    this.#answered(address);
    this.#changed(address);
    return this.view(room);
  }

  #discover(after: string | null): Response {
    const all = [...this.rooms.values()].filter(
      ({ settings, left }) => settings.public && left?.why !== 'destroyed',
    );
    const from = after === null ? 0 : Number(after);
    const rooms = all.slice(from, from + this.pageSize).map((room) => ({
      address: room.address,
      name: room.settings.name ?? '',
      joined: room.state === 'joined',
    }));
    const end = from + rooms.length;
    const next = end < all.length ? String(end) : null;
    return { type: 'found-rooms', value: { service: 'conference.valley.local', rooms, next } };
  }

  #members({ affiliations, there }: FakeRoom): MemberView[] {
    return [...affiliations].map(([address, affiliation]) => ({
      address,
      name: this.#nick(address),
      affiliation,
      is_there: there.has(address),
    }));
  }

  #occupants({ affiliations, there }: FakeRoom): OccupantView[] {
    return [...there].map(([address, role]) => ({
      nick: this.#nick(address),
      address,
      affiliation: affiliations.get(address) ?? 'none',
      role,
      presence: this.#contact(address)?.presence ?? 'online',
      is_me: address === this.#team.me,
    }));
  }

  #mine(): FakeRoom[] {
    return [...this.rooms.values()].filter(({ noted }) => noted);
  }

  #find(address: string): FakeRoom {
    const room = this.rooms.get(address);
    if (!room) throw apiError('not-found');
    return room;
  }

  #contact(address: string): ContactView | undefined {
    return this.#team.contacts.find((contact) => contact.address === address);
  }

  #nick(address: string): string {
    if (address === this.#team.me) return this.#team.myName;
    return this.#contact(address)?.name ?? address.split('@')[0] ?? address;
  }

  #answered(room: string): void {
    this.invitations = this.invitations.filter((invitation) => invitation.room !== room);
    this.#team.emit({ type: 'invitations-changed', account: this.#team.account });
  }

  #changed(room: string): void {
    this.#team.emit({ type: 'room-changed', account: this.#team.account, room });
    this.#team.emit({ type: 'conversations-changed', account: this.#team.account });
  }
}

function roleOf(affiliation: Affiliation): Role {
  switch (affiliation) {
    case 'owner':
    case 'admin':
      return 'moderator';
    case 'outcast':
      return 'none';
    default:
      return 'participant';
  }
}

import type { Ask } from './client-ask';
import type { Affiliation } from './generated/Affiliation';
import type { FoundRooms } from './generated/FoundRooms';
import type { InvitationView } from './generated/InvitationView';
import type { MemberView } from './generated/MemberView';
import type { NoticeReadersView } from './generated/NoticeReadersView';
import type { OccupantView } from './generated/OccupantView';
import type { Role } from './generated/Role';
import type { RoomRequest } from './generated/RoomRequest';
import type { RoomSettings } from './generated/RoomSettings';
import type { RoomView } from './generated/RoomView';

/** The part of the contract that is about rooms. */
export class RoomsRpc {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  list(account: string): Promise<RoomView[]> {
    return this.#ask({ type: 'rooms', action: 'list', account }, 'rooms');
  }

  get(account: string, room: string): Promise<RoomView> {
    return this.#ask({ type: 'rooms', action: 'get', account, room }, 'room');
  }

  /** A page of the public rooms of the account's own service. */
  discover(account: string, after: string | null, limit: number): Promise<FoundRooms> {
    return this.#ask(
      { type: 'rooms', action: 'discover', account, service: null, after, limit },
      'found-rooms',
    );
  }

  create(account: string, settings: RoomSettings): Promise<RoomView> {
    return this.#ask(
      { type: 'rooms', action: 'create', account, address: null, nick: null, settings },
      'room',
    );
  }

  join(account: string, room: string, password: string | null): Promise<RoomView> {
    return this.#ask(
      { type: 'rooms', action: 'join', account, room, nick: null, password },
      'room',
    );
  }

  leave(account: string, room: string, forget: boolean): Promise<void> {
    return this.#done({ action: 'leave', account, room, forget });
  }

  destroy(account: string, room: string, reason: string): Promise<void> {
    return this.#done({ action: 'destroy', account, room, reason });
  }

  invite(account: string, room: string, people: string[], reason: string): Promise<void> {
    return this.#done({ action: 'invite', account, room, people, reason });
  }

  invitations(account: string): Promise<InvitationView[]> {
    return this.#ask({ type: 'rooms', action: 'invitations', account }, 'invitations');
  }

  decline(account: string, room: string): Promise<void> {
    return this.#done({ action: 'decline', account, room });
  }

  setNick(account: string, room: string, nick: string): Promise<void> {
    return this.#done({ action: 'set-nick', account, room, nick });
  }

  setSubject(account: string, room: string, subject: string): Promise<void> {
    return this.#done({ action: 'set-subject', account, room, subject });
  }

  closeNotice(account: string, room: string): Promise<void> {
    return this.#done({ action: 'close-notice', account, room });
  }

  noticeReaders(account: string, room: string): Promise<NoticeReadersView> {
    return this.#ask({ type: 'rooms', action: 'notice-readers', account, room }, 'notice-readers');
  }

  settings(account: string, room: string): Promise<RoomSettings> {
    return this.#ask({ type: 'rooms', action: 'settings', account, room }, 'room-settings');
  }

  configure(account: string, room: string, settings: RoomSettings): Promise<void> {
    return this.#done({ action: 'configure', account, room, settings });
  }

  occupants(account: string, room: string): Promise<OccupantView[]> {
    return this.#ask({ type: 'rooms', action: 'occupants', account, room }, 'occupants');
  }

  members(account: string, room: string): Promise<MemberView[]> {
    return this.#ask({ type: 'rooms', action: 'members', account, room }, 'members');
  }

  setAffiliation(
    account: string,
    room: string,
    person: string,
    affiliation: Affiliation,
    reason = '',
  ): Promise<void> {
    return this.#done({ action: 'set-affiliation', account, room, person, affiliation, reason });
  }

  setRole(account: string, room: string, nick: string, role: Role, reason = ''): Promise<void> {
    return this.#done({ action: 'set-role', account, room, nick, role, reason });
  }

  #done(request: RoomRequest): Promise<void> {
    return this.#ask({ type: 'rooms', ...request }, 'done');
  }
}

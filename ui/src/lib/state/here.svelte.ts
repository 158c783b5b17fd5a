import type { ContactView } from '../rpc/generated/ContactView';
import type { NoticeReadersView } from '../rpc/generated/NoticeReadersView';
import type { RoomView } from '../rpc/generated/RoomView';
import type { Rpc } from '../rpc/client';
import { Doorbell } from './doorbell';

/** Somebody who can be named in the open conversation. */
export interface Namable {
  name: string;
  /** What a mention carries: the bare address, or the one with the nickname. */
  address: string;
  /** What tells people of one name apart; may be empty. */
  department: string;
  /** In the room now. */
  there: boolean;
}

/** Who is in the open conversation: people to name, and what we may do in a room. */
export class Here {
  readonly conversation: string;
  readonly isRoom: boolean;
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #roomBell = new Doorbell(() => this.#reloadRoom());
  readonly #peopleBell = new Doorbell(() => this.#reloadPeople());
  #room = $state.raw<RoomView | null>(null);
  #people = $state.raw<Namable[]>([]);
  /** Somebody wanted the people; from then on they are kept up to date. */
  #wanted = false;

  constructor(rpc: Rpc, account: string, conversation: string, isRoom: boolean) {
    this.#rpc = rpc;
    this.#account = account;
    this.conversation = conversation;
    this.isRoom = isRoom;
  }

  get room(): RoomView | null {
    return this.#room;
  }

  /** Those who can be named, those in the room first; [`wantPeople`] brings them. */
  get people(): readonly Namable[] {
    return this.#people;
  }

  /** Whether we may take others' messages back. */
  get moderates(): boolean {
    return this.#room?.features.moderation === true && this.#room.role === 'moderator';
  }

  /** Whether we may name everybody at once. */
  get namesEverybody(): boolean {
    if (!this.isRoom) return false;
    return this.#room?.features.limit_everyone !== true || this.#room.role === 'moderator';
  }

  async refresh(): Promise<void> {
    if (this.isRoom) await this.#roomBell.ring();
    if (this.#wanted) await this.#peopleBell.ring();
  }

  async wantPeople(): Promise<void> {
    if (this.#wanted) return;
    this.#wanted = true;
    await this.#peopleBell.ring();
  }

  /** The people, and what we may do; resolves when they are known. */
  async wantNames(): Promise<void> {
    await Promise.all([this.isRoom ? this.#roomBell.ring() : null, this.wantPeople()]);
  }

  /** Closes the notice on top, on all our devices. */
  async closeNotice(): Promise<void> {
    if (this.#room) this.#room = { ...this.#room, notice_closed: true };
    await this.#rpc.rooms.closeNotice(this.#account, this.conversation).catch(() => undefined);
    await this.#roomBell.ring();
  }

  noticeReaders(): Promise<NoticeReadersView> {
    return this.#rpc.rooms.noticeReaders(this.#account, this.conversation);
  }

  async setSubject(subject: string): Promise<void> {
    await this.#rpc.messaging.setSubject(this.#account, this.conversation, subject);
  }

  async #reloadRoom(): Promise<void> {
    try {
      this.#room = await this.#rpc.messaging.room(this.#account, this.conversation);
    } catch {
      // Not in it, or the account is being locked: what was known stays.
    }
  }

  async #reloadPeople(): Promise<void> {
    try {
      const contacts = await this.#rpc.contacts(this.#account);
      const known = new Map(contacts.map((contact) => [contact.address, contact]));
      if (!this.isRoom) {
        const contact = known.get(this.conversation);
        this.#people = contact ? [namable(contact.name, contact.address, known, true)] : [];
        return;
      }
      const { messaging } = this.#rpc;
      const occupants = await messaging.occupants(this.#account, this.conversation);
      // Who is there under several nicknames is one person.
      const once = new Map<string, Namable>();
      for (const { nick, address: bare, is_me } of occupants) {
        const address = bare ?? `${this.conversation}/${nick}`;
        if (!is_me && !once.has(address)) once.set(address, namable(nick, address, known, true));
      }
      const there = [...once.values()];
      this.#people = there;
      const members = await messaging.members(this.#account, this.conversation);
      const named = new Set(occupants.map(({ address }) => address));
      const away = members
        .filter(({ address, affiliation }) => affiliation !== 'outcast' && !named.has(address))
        .map(({ name, address }) => namable(name, address, known, false));
      this.#people = [...there, ...away];
    } catch {
      // Members are told to whom the room likes; those who are there can be named.
    }
  }
}

function namable(
  name: string,
  address: string,
  known: ReadonlyMap<string, ContactView>,
  there: boolean,
): Namable {
  const department = known.get(address)?.departments[0]?.join(' / ') ?? '';
  return { name, address, department, there };
}

import { toApiError } from '../errors/api-failure';
import { i18n } from '../i18n/i18n.svelte';
import type { Affiliation } from '../rpc/generated/Affiliation';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ErrorCode } from '../rpc/generated/ErrorCode';
import type { Event } from '../rpc/generated/Event';
import type { MemberView } from '../rpc/generated/MemberView';
import type { NoticeReadersView } from '../rpc/generated/NoticeReadersView';
import type { OccupantView } from '../rpc/generated/OccupantView';
import type { RoomSettings } from '../rpc/generated/RoomSettings';
import type { RoomView } from '../rpc/generated/RoomView';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';
import { nameOrder } from './contact-tree';
import { Doorbell } from './doorbell';
import type { People } from './people.svelte';
import {
  deeds,
  type PersonDeed,
  rank,
  type RoomPerson,
  roomPeople,
  type Standing,
} from './room-rights';

/** How long after a change the server is asked who belongs to the room. */
export const MEMBERS_MS = 5_000;

/** One room while its details are on screen: who is in it, and what can be done there. */
export class Room {
  readonly attempt = new Attempt();
  readonly address: string;
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #people: People;
  readonly #bell = new Doorbell(() => this.#reload());
  readonly #there = new Doorbell(async () => void (await this.#reloadThere()));
  #soon: ReturnType<typeof setTimeout> | undefined;
  #view = $state.raw<RoomView | null>(null);
  #members = $state.raw<MemberView[]>([]);
  #occupants = $state.raw<OccupantView[]>([]);
  #loaded = $state(false);
  #missing = $state.raw<ApiError | null>(null);
  #all = $derived(
    roomPeople(
      this.#members,
      this.#occupants,
      (address) => this.#people.find(address)?.name,
      nameOrder(i18n.locale),
    ),
  );
  #belonging = $derived(this.#all.filter(({ affiliation }) => affiliation !== 'outcast'));
  #banned = $derived(this.#all.filter(({ affiliation }) => affiliation === 'outcast'));

  constructor(rpc: Rpc, account: string, people: People, address: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.#people = people;
    this.address = address;
  }

  get view(): RoomView | null {
    return this.#view;
  }

  /** Why nothing is known of it. */
  get missing(): ApiError | null {
    return this.#missing;
  }

  /** Whether the list of people is here. */
  get loaded(): boolean {
    return this.#loaded;
  }

  get people(): readonly RoomPerson[] {
    return this.#belonging;
  }

  get banned(): readonly RoomPerson[] {
    return this.#banned;
  }

  get #standing(): Standing {
    return {
      affiliation: this.#view?.affiliation ?? 'none',
      role: this.#view?.role ?? 'none',
      moderated: this.#view?.features.moderated ?? false,
    };
  }

  get isOwner(): boolean {
    return this.#standing.affiliation === 'owner';
  }

  /** Whether we may change the name, the people and what is allowed. */
  get administers(): boolean {
    return rank(this.#standing.affiliation) >= rank('admin');
  }

  get isIn(): boolean {
    return this.#view?.state === 'joined';
  }

  deeds(person: RoomPerson): PersonDeed[] {
    return this.isIn ? deeds(this.#standing, person) : [];
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  handle(event: Event): void {
    const concerns = event.type === 'room-changed' && event.room === this.address;
    if (!concerns && event.type !== 'lagged') return;
    void this.#there.ring();
    // Who belongs to it is known to the server alone, which is not asked with each coming and going.
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.refresh();
    }, MEMBERS_MS);
  }

  do(deed: PersonDeed, person: RoomPerson): Promise<boolean> {
    return this.attempt.run(`${deed} ${person.key}`, async () => {
      await this.#do(deed, person);
      await this.refresh();
    });
  }

  setSubject(subject: string): Promise<boolean> {
    return this.attempt.run('subject', () =>
      this.#rpc.rooms.setSubject(this.#account, this.address, subject.trim()),
    );
  }

  noticeReaders(): Promise<NoticeReadersView> {
    return this.#rpc.rooms.noticeReaders(this.#account, this.address);
  }

  setNick(nick: string): Promise<boolean> {
    return this.attempt.run('nick', () =>
      this.#rpc.rooms.setNick(this.#account, this.address, nick.trim()),
    );
  }

  invite(people: string[], reason: string): Promise<boolean> {
    return this.attempt.run('invite', async () => {
      await this.#rpc.rooms.invite(this.#account, this.address, people, reason.trim());
      await this.refresh();
    });
  }

  /** Throws an `ApiFailure`. */
  settings(): Promise<RoomSettings> {
    return this.#rpc.rooms.settings(this.#account, this.address);
  }

  configure(settings: RoomSettings): Promise<boolean> {
    return this.attempt.run('configure', async () => {
      await this.#rpc.rooms.configure(this.#account, this.address, settings);
      await this.refresh();
    });
  }

  /**
   * Lets only owners and admins write, or everybody again. Those who are there
   * lose their voice or get it back; members who come later have it, as the
   * service gives it to them.
   */
  muteAll(muted: boolean): Promise<boolean> {
    return this.attempt.run('mute-all', async () => {
      try {
        await this.#rpc.rooms.configure(this.#account, this.address, {
          ...UNCHANGED,
          moderated: muted,
        });
        const before = muted ? 'participant' : 'visitor';
        for (const { nick, role, affiliation } of this.#belonging) {
          if (nick === null || role !== before || rank(affiliation) >= rank('admin')) continue;
          await this.#setVoice(nick, !muted);
        }
      } finally {
        await this.refresh();
      }
    });
  }

  /** Whoever has left meanwhile needs none. */
  async #setVoice(nick: string, voice: boolean): Promise<void> {
    const role = voice ? 'participant' : 'visitor';
    try {
      await this.#rpc.rooms.setRole(this.#account, this.address, nick, role);
    } catch (thrown) {
      if (!NOT_THERE.has(toApiError(thrown).code)) throw thrown;
    }
  }

  destroy(reason: string): Promise<boolean> {
    return this.attempt.run('destroy', () =>
      this.#rpc.rooms.destroy(this.#account, this.address, reason.trim()),
    );
  }

  async #do(deed: PersonDeed, person: RoomPerson): Promise<void> {
    const { address, nick } = person;
    switch (deed) {
      case 'give-voice':
      case 'take-voice': {
        const role = deed === 'give-voice' ? 'participant' : 'visitor';
        if (nick !== null) await this.#rpc.rooms.setRole(this.#account, this.address, nick, role);
        return;
      }
      case 'remove':
        // A member who is only put out comes back by themselves.
        if (address !== null && person.affiliation === 'member') {
          await this.#affiliate(address, 'none');
        }
        if (nick !== null && !this.#view?.features.members_only) {
          await this.#rpc.rooms.setRole(this.#account, this.address, nick, 'none');
        }
        return;
      default:
        if (address !== null) await this.#affiliate(address, AFFILIATIONS[deed]);
    }
  }

  #affiliate(address: string, affiliation: Affiliation): Promise<void> {
    return this.#rpc.rooms.setAffiliation(this.#account, this.address, address, affiliation);
  }

  close(): void {
    clearTimeout(this.#soon);
  }

  async #reload(): Promise<void> {
    if (!(await this.#reloadThere())) return;
    try {
      if (this.isIn) this.#members = await this.#rpc.rooms.members(this.#account, this.address);
    } catch {
      // Not everybody may know the members; those who are there are known.
    } finally {
      this.#loaded = true;
    }
  }

  /** What this device knows; whether it knows anything. */
  async #reloadThere(): Promise<boolean> {
    try {
      this.#view = await this.#rpc.rooms.get(this.#account, this.address);
      this.#occupants = await this.#rpc.rooms.occupants(this.#account, this.address);
    } catch (thrown) {
      // Forgotten on another device: what was shown last stays until the list says so.
      this.#missing = toApiError(thrown);
      return false;
    }
    return true;
  }
}

/** What a role is answered with that is given to nobody: services call that "not found". */
const NOT_THERE: ReadonlySet<ErrorCode> = new Set(['not-found', 'room-unknown']);

const AFFILIATIONS = {
  'make-owner': 'owner',
  'make-admin': 'admin',
  'make-member': 'member',
  ban: 'outcast',
  unban: 'none',
} as const satisfies Partial<Record<PersonDeed, Affiliation>>;

/** Settings that change nothing. */
export const UNCHANGED: RoomSettings = {
  name: null,
  description: null,
  members_only: null,
  public: null,
  persistent: null,
  moderated: null,
  members_invite: null,
  change_subject: null,
  non_anonymous: null,
  archive: null,
  limit_everyone: null,
  password: null,
};

/** What differs, as the engine wants to be told it. */
export function changedSettings(before: RoomSettings, after: RoomSettings): RoomSettings {
  const entries = Object.entries(after).map(([key, value]) => [
    key,
    value === before[key as keyof RoomSettings] ? null : value,
  ]);
  return Object.fromEntries(entries) as RoomSettings;
}

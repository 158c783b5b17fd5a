import { i18n } from '../i18n/i18n.svelte';
import type { ContactView } from '../rpc/generated/ContactView';
import type { RoomSettings } from '../rpc/generated/RoomSettings';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';
import { changedSettings, UNCHANGED } from './room.svelte';

/** So many members give a new room its name. */
const NAMED = 3;

/** Making a room: first the people, then the name. Nobody is asked for an address. */
export class NewRoom {
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #myName: string;
  #step = $state<'people' | 'name'>('people');
  #people = $state.raw<ContactView[]>([]);
  #name = $state('');
  /** Whether the person has typed a name of their own. */
  #named = false;
  /** The room, once it is there, and what it was told; inviting may still be tried again. */
  #made: { room: string; settings: RoomSettings } | null = null;
  isPublic = $state(false);
  /** Whether who joins later can read what was written before. */
  history = $state(true);

  constructor(rpc: Rpc, account: string, myName: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.#myName = myName;
  }

  get step(): 'people' | 'name' {
    return this.#step;
  }

  get people(): readonly ContactView[] {
    return this.#people;
  }

  get name(): string {
    return this.#name;
  }

  set name(name: string) {
    this.#name = name;
    this.#named = true;
  }

  get canCreate(): boolean {
    return this.#name.trim() !== '' && !this.attempt.busy;
  }

  toggle(contact: ContactView): void {
    const without = this.#people.filter(({ address }) => address !== contact.address);
    this.#people = without.length < this.#people.length ? without : [...this.#people, contact];
  }

  next(): void {
    if (!this.#named || this.#name.trim() === '') {
      // Nobody but oneself makes no name.
      this.#name = this.#people.length > 0 ? suggestedName(this.#myName, this.#people) : '';
      this.#named = false;
    }
    this.#step = 'name';
  }

  back(): void {
    this.#step = 'people';
    this.attempt.clear();
  }

  /** The room's address when it is there and all are invited; else `attempt` says why not. */
  async create(): Promise<string | null> {
    const done = await this.attempt.run('create', async () => {
      const room = await this.#make();
      const people = this.#people.map(({ address }) => address);
      if (people.length > 0) await this.#rpc.rooms.invite(this.#account, room, people, '');
    });
    return done ? (this.#made?.room ?? null) : null;
  }

  /** Makes the room, or tells the one that was made what has changed in the form since. */
  async #make(): Promise<string> {
    const settings = this.#settings();
    if (this.#made === null) {
      const { address } = await this.#rpc.rooms.create(this.#account, settings);
      this.#made = { room: address, settings };
      return address;
    }
    const { room, settings: before } = this.#made;
    const changed = changedSettings(before, settings);
    if (Object.values(changed).some((value) => value !== null)) {
      await this.#rpc.rooms.configure(this.#account, room, changed);
      this.#made = { room, settings };
    }
    return room;
  }

  #settings(): RoomSettings {
    return {
      ...UNCHANGED,
      name: this.#name.trim(),
      members_only: !this.isPublic,
      public: this.isPublic,
      persistent: true,
      // Colleagues know each other; without addresses nobody can be told from a namesake.
      non_anonymous: true,
      members_invite: true,
      archive: this.history,
    };
  }
}

/** A name from those who are in it, as one would say it. */
export function suggestedName(me: string, people: readonly { name: string }[]): string {
  const names = [me, ...people.map(({ name }) => name)].filter((name) => name !== '');
  const shown = names.slice(0, NAMED).join(i18n.t('rooms.new.name-separator'));
  if (names.length <= NAMED) return shown;
  return i18n.t('rooms.new.name-more', { names: shown, count: names.length });
}

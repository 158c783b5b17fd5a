import { i18n } from '../i18n/i18n.svelte';
import type { ContactView } from '../rpc/generated/ContactView';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';
import { UNCHANGED } from './room.svelte';

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
  /** The room, once it is there; inviting may still be tried again. */
  #made: string | null = null;
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
      this.#made ??= await this.#make();
      const people = this.#people.map(({ address }) => address);
      if (people.length > 0) await this.#rpc.rooms.invite(this.#account, this.#made, people, '');
    });
    return done ? this.#made : null;
  }

  async #make(): Promise<string> {
    const room = await this.#rpc.rooms.create(this.#account, {
      ...UNCHANGED,
      name: this.#name.trim(),
      members_only: !this.isPublic,
      public: this.isPublic,
      persistent: true,
      // Colleagues know each other; without addresses nobody can be told from a namesake.
      non_anonymous: true,
      members_invite: true,
      archive: this.history,
    });
    return room.address;
  }
}

/** A name from those who are in it, as one would say it. */
export function suggestedName(me: string, people: readonly { name: string }[]): string {
  const names = [me, ...people.map(({ name }) => name)].filter((name) => name !== '');
  const shown = names.slice(0, NAMED).join(i18n.t('rooms.new.name-separator'));
  if (names.length <= NAMED) return shown;
  return i18n.t('rooms.new.name-more', { names: shown, count: names.length });
}

import { i18n } from '../i18n/i18n.svelte';
import type { ContactView } from '../rpc/generated/ContactView';
import type { Event } from '../rpc/generated/Event';
import type { SubscriptionRequestView } from '../rpc/generated/SubscriptionRequestView';
import type { PersonAction } from '../rpc/client-people';
import type { Rpc } from '../rpc/client';
import { loadPinyin, matchName, type NameMatch } from '../text/pinyin';
import { Attempt } from './attempt.svelte';
import { departmentText, distinctions } from './contact-names';
import { contactTree, nameOrder, treeRows, type TreeRow } from './contact-tree';
import { Doorbell } from './doorbell';
import { Pictures } from './pictures.svelte';

/** What of the contacts is shown beside the list. */
export type PeoplePage =
  | { page: 'person'; address: string }
  | { page: 'requests' }
  | { page: 'rooms' }
  | { page: 'directory' }
  | { page: 'blocked' };

/** From so many people on, departments begin closed and changes are gathered. */
const LARGE = 1_000;
/** How long nothing is typed before so many are searched. */
export const TYPED_MS = 150;
export const CALM_MS = 3_000;

/** Contacts of one account: the tree, requests, who is blocked. */
export class People {
  readonly pictures: Pictures;
  /** For buttons that concern one person or the list as a whole. */
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #bell = new Doorbell(() => this.#reload());
  #contacts = $state.raw<ContactView[]>([]);
  #requests = $state.raw<SubscriptionRequestView[]>([]);
  #blocked = $state.raw<string[]>([]);
  #loaded = $state(false);
  #soon: ReturnType<typeof setTimeout> | undefined;
  #typed: ReturnType<typeof setTimeout> | undefined;
  /** Departments that were opened or closed by hand. */
  #chosen = $state.raw<ReadonlyMap<string, boolean>>(new Map());
  #page = $state.raw<PeoplePage | null>(null);
  #filter = $state('');
  /** What is searched: the filter, or a moment behind it. */
  #query = $state('');
  /** Whether names are found by their sounds. */
  #sounds = $state(false);

  #byAddress = $derived(new Map(this.#contacts.map((contact) => [contact.address, contact])));
  #notes = $derived(distinctions(this.#contacts));
  #tree = $derived(contactTree(this.#contacts, i18n.locale));
  #rows = $derived.by((): TreeRow[] => {
    const query = this.#query.trim();
    if (query === '') return treeRows(this.#tree, (id) => this.#isOpen(id), i18n.locale);
    return this.search(query).map((contact, index, { length }) => ({
      kind: 'person',
      id: contact.address,
      contact,
      depth: 0,
      place: index + 1,
      of: length,
    }));
  });

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.pictures = new Pictures((address) => rpc.people.avatar(account, address));
  }

  get contacts(): readonly ContactView[] {
    return this.#contacts;
  }

  get requests(): readonly SubscriptionRequestView[] {
    return this.#requests;
  }

  /** Addresses, sorted. */
  get blocked(): readonly string[] {
    return this.#blocked;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** The lines of the tree; while something is searched, those who fit. */
  get rows(): readonly TreeRow[] {
    return this.#rows;
  }

  get filter(): string {
    return this.#filter;
  }

  set filter(filter: string) {
    this.#filter = filter;
    this.wantSounds();
    clearTimeout(this.#typed);
    // In a large company the keys come first, and then the names.
    if (this.#contacts.length < LARGE || filter.trim() === '') this.#query = filter;
    else {
      this.#typed = setTimeout(() => {
        this.#query = filter;
      }, TYPED_MS);
    }
  }

  get page(): PeoplePage | null {
    return this.#page;
  }

  show(page: PeoplePage | null): void {
    this.#page = page;
    this.attempt.clear();
  }

  find(address: string): ContactView | undefined {
    return this.#byAddress.get(address);
  }

  /** What tells this person from others of the same name; nothing if none is needed. */
  note(address: string): string | undefined {
    return this.#notes.get(address);
  }

  /** Those who fit, best name first; the department counts, too. */
  search(query: string): ContactView[] {
    // Read so that what is on screen is searched again when the sounds are known.
    void this.#sounds;
    const order = nameOrder(i18n.locale);
    // Many share a name or a department, which is looked at once.
    const looked = new Map<string, NameMatch | null>();
    const match = (text: string) => {
      let found = looked.get(text);
      if (found === undefined) {
        found = matchName(text, query);
        looked.set(text, found);
      }
      return found;
    };
    return this.#contacts
      .map((contact) => ({ contact, score: score(contact, query, match) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || order(a.contact.name, b.contact.name))
      .map(({ contact }) => contact);
  }

  /** Somebody searches: the dictionary of sounds is fetched. */
  wantSounds(): void {
    if (this.#sounds) return;
    void loadPinyin().then(() => {
      this.#sounds = true;
    });
  }

  toggle(department: string): void {
    this.setOpen(department, !this.#isOpen(department));
  }

  setOpen(department: string, open: boolean): void {
    this.#chosen = new Map(this.#chosen).set(department, open);
  }

  /** A large company is shown by its departments first. */
  #isOpen(department: string): boolean {
    return this.#chosen.get(department) ?? this.#contacts.length < LARGE;
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  handle(event: Event): void {
    switch (event.type) {
      case 'contacts-changed':
      case 'subscription-requests-changed':
      case 'blocked-changed':
      case 'profile-changed':
      case 'lagged':
        this.#changed();
    }
  }

  close(): void {
    clearTimeout(this.#soon);
    clearTimeout(this.#typed);
  }

  /** Adds somebody and asks to see when they are there. */
  add(address: string, name = '', groups: string[] = []): Promise<boolean> {
    return this.#about(address, 'add', () =>
      this.#rpc.people.add(this.#account, address, name, groups),
    );
  }

  /** The name that we give somebody, and the groups in which we keep them. */
  change(address: string, name: string, groups: string[]): Promise<boolean> {
    return this.#about(address, 'change', () =>
      this.#rpc.people.change(this.#account, address, name, groups),
    );
  }

  act(action: PersonAction, address: string): Promise<boolean> {
    return this.#about(address, action, () => this.#rpc.people.act(action, this.#account, address));
  }

  #about(address: string, deed: string, work: () => Promise<void>): Promise<boolean> {
    return this.attempt.run(`${deed} ${address}`, work, address);
  }

  /** In a large company somebody comes or goes all the time: then now and then is enough. */
  #changed(): void {
    if (this.#contacts.length < LARGE) void this.refresh();
    else {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined;
        void this.refresh();
      }, CALM_MS);
    }
  }

  async #reload(): Promise<void> {
    try {
      const [contacts, requests, blocked] = await Promise.all([
        this.#rpc.contacts(this.#account),
        this.#rpc.people.requests(this.#account),
        this.#rpc.people.blocked(this.#account),
      ]);
      this.#contacts = contacts;
      this.#requests = requests;
      this.#blocked = blocked.sort();
    } catch {
      // The account is being locked or removed; the overview says so.
    } finally {
      this.#loaded = true;
    }
  }
}

/** How well somebody fits: their name before their department, that before their user name. */
function score(
  contact: ContactView,
  query: string,
  match: (text: string) => NameMatch | null,
): number {
  const name = match(contact.name);
  if (name) return 20 - name.rank;
  const department = contact.departments.some((levels) => match(departmentText(levels)));
  if (department) return 2;
  return contact.address.toLowerCase().includes(query.toLowerCase()) ? 1 : 0;
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ContactView } from '../rpc/generated/ContactView';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Event } from '../rpc/generated/Event';
import type { Decision, Rpc } from '../rpc/client';
import { distinctions } from './contact-names';
import { Doorbell } from './doorbell';
import { LevelsBefore } from './levels-before';
import { badgeOf, isUnread, type ListFilter, passes } from './list-filter';
import { ListRows } from './list-rows';
import { ReadAll } from './read-all.svelte';
import { holdOrder } from './row-order';

/** How long after a change who is in a large team is read again. */
export const PEOPLE_MS = 1_000;
/** A team larger than this is looked through elsewhere than below the conversations. */
const SMALL_TEAM = 50;

/** The left column of one account: conversations, and people without one. */
export class ConversationList {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #bell = new Doorbell(() => this.#reload());
  readonly #source: ListRows;
  readonly readAll: ReadAll;
  readonly #levels: LevelsBefore;
  #rows = $state.raw<ConversationView[]>([]);
  #contacts = $state.raw<ContactView[]>([]);
  #loaded = $state(false);
  #filter = $state<ListFilter>('all');
  #problem = $state.raw<ApiError | null>(null);
  /** Opened under the filter: they stay, though opening has made them read. */
  #staying = $state.raw<ReadonlySet<string>>(new Set());
  #held = false;
  #newest: ConversationView[] = [];
  #contactsDue = true;
  #contactsSoon: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  #seen = $derived(this.#rows.map((row) => this.readAll.seen(row)));
  #shownRows = $derived(
    this.#seen.filter((row) => passes(row, this.#filter) || this.#staying.has(row.id)),
  );
  #shownContacts = $derived.by(() => {
    if (this.#filter !== 'all' || this.#contacts.length > SMALL_TEAM) return [];
    const talking = new Set(this.#rows.map((row) => row.id));
    return this.#contacts.filter(({ address }) => !talking.has(address));
  });
  #badge = $derived(this.#seen.reduce((sum, row) => sum + badgeOf(row), 0));
  #notes = $derived(distinctions(this.#contacts));
  #byId = $derived(new Map(this.#seen.map((row) => [row.id, row])));

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.#source = new ListRows(
      rpc,
      account,
      (rows) => this.#take(rows),
      () => void this.#bell.ring(),
    );
    this.#levels = new LevelsBefore(account);
    this.readAll = new ReadAll(rpc, account, () => this.refresh());
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** All conversations, unfiltered. */
  get all(): readonly ConversationView[] {
    return this.#seen;
  }

  get rows(): readonly ConversationView[] {
    return this.#shownRows;
  }

  /** Contacts without a conversation. */
  get contacts(): readonly ContactView[] {
    return this.#shownContacts;
  }

  /** All people, those with a conversation too. */
  get people(): readonly ContactView[] {
    return this.#contacts;
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0 && this.#contacts.length === 0;
  }

  /** What the rail, the tray and the task bar count: the sum over the rows. */
  get badge(): number {
    return this.#badge;
  }

  /** Whether anything is left to be marked as read. */
  get anyUnread(): boolean {
    return this.#seen.some(isUnread);
  }

  get filter(): ListFilter {
    return this.#filter;
  }

  set filter(filter: ListFilter) {
    this.#filter = filter;
    this.#staying = new Set();
  }

  /** Why the last decision about a conversation was not taken over. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  find(id: string): ConversationView | undefined {
    return this.#byId.get(id);
  }

  /** The same of one that may be below all that was read. */
  async reach(id: string): Promise<ConversationView | undefined> {
    if (this.find(id) === undefined) await this.refreshOne(id);
    return this.find(id);
  }

  /** What tells somebody from others of the same name; nothing for all others. */
  note(id: string): string {
    return this.#notes.get(id) ?? '';
  }

  /** All rows, those far below a little later. */
  refresh(): Promise<void> {
    this.#source.allChanged();
    return this.#bell.ring();
  }

  /** One row, wherever it is. */
  refreshOne(id: string): Promise<void> {
    this.#source.oneChanged(id);
    return this.#bell.ring();
  }

  /** People are read again when something about them is told, not with each message. */
  handle(event: Event): void {
    switch (event.type) {
      case 'conversation-changed':
        void this.refreshOne(event.conversation);
        break;
      case 'conversations-changed':
        void this.refresh();
        break;
      case 'contacts-changed':
        this.#contactsChanged();
        break;
      case 'room-changed':
        // Whether somebody is there with whom one talks in private.
        for (const { id } of this.#rows) {
          if (id.startsWith(`${event.room}/`)) void this.refreshOne(id);
        }
        break;
      case 'lagged':
        this.#contactsChanged();
        void this.refresh();
    }
  }

  /** While the pointer is on the list, rows change but do not move. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    if (!held) this.#rows = this.#newest;
  }

  /** The conversation was opened; it stays in view until another filter is chosen. */
  opened(id: string): void {
    if (this.#filter === 'all' || this.#staying.has(id)) return;
    this.#staying = new Set([...this.#staying, id]);
  }

  /** The row `step` places from this one, among those shown. */
  neighbour(
    id: string | null,
    step: 1 | -1,
    wanted: (row: ConversationView) => boolean = () => true,
  ): ConversationView | undefined {
    const rows = this.#shownRows;
    const index = rows.findIndex((row) => row.id === id);
    if (index < 0) return rows.find(wanted);
    return step > 0 ? rows.slice(index + 1).find(wanted) : rows.slice(0, index).findLast(wanted);
  }

  /** The next one with something unread, from the other end if need be. */
  nextUnread(id: string | null, step: 1 | -1): ConversationView | undefined {
    const wanted = (row: ConversationView) => isUnread(row) && row.id !== id;
    const ahead = this.neighbour(id, step, wanted);
    return ahead ?? (step > 0 ? this.#shownRows.find(wanted) : this.#shownRows.findLast(wanted));
  }

  /** Takes a decision of the person to the engine. */
  async decide(decision: Decision): Promise<void> {
    this.#problem = null;
    try {
      await this.#rpc.decide(this.#account, decision);
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
    await this.#decided();
  }

  /** Tells nothing of it, until then or for ever. */
  mute(row: ConversationView, until_ms: number | null): Promise<void> {
    this.#levels.muted(row);
    return this.decide({
      action: 'set-notify',
      conversation: row.id,
      notify: 'none',
      until_ms,
    });
  }

  /** Tells of it again what was told before. */
  unmute(row: ConversationView): Promise<void> {
    const notify = this.#levels.of(row);
    return this.decide({ action: 'set-notify', conversation: row.id, notify, until_ms: null });
  }

  /** Marks all of a conversation as read. */
  async markRead(id: string): Promise<void> {
    await this.readAll.commitOne(id);
    await this.#decided();
  }

  async leaveRoom(room: string): Promise<void> {
    this.#problem = null;
    try {
      await this.#rpc.leaveRoom(this.#account, room);
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
    await this.#decided();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#contactsSoon);
    this.#source.close();
    this.readAll.close();
  }

  /** What a person has just decided or asked for is seen at once, however far below it is. */
  #decided(): Promise<void> {
    this.#source.allWanted();
    return this.#bell.ring();
  }

  /** In a large team somebody comes or goes all the time: then now and then is enough. */
  #contactsChanged(): void {
    const read = () => {
      this.#contactsSoon = undefined;
      this.#contactsDue = true;
      void this.#bell.ring();
    };
    if (this.#contacts.length <= SMALL_TEAM) read();
    else if (!this.#closed) this.#contactsSoon ??= setTimeout(read, PEOPLE_MS);
  }

  async #reload(): Promise<void> {
    const contacts = this.#contactsDue;
    this.#contactsDue = false;
    try {
      const [people] = await Promise.all([
        contacts ? this.#rpc.contacts(this.#account) : this.#contacts,
        this.#source.read(),
      ]);
      this.#contacts = people;
    } catch {
      // The account is being locked or removed; the overview says so.
      this.#contactsDue ||= contacts;
    } finally {
      this.#loaded = true;
    }
  }

  #take(rows: ConversationView[]): void {
    this.#newest = rows;
    this.#rows = this.#held ? holdOrder(this.#rows, rows) : rows;
  }
}

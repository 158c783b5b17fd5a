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
import { ReadAll } from './read-all.svelte';
import { holdOrder } from './row-order';

/** So many rows are asked for with every change; what is below them follows now and then. */
export const HEAD = 200;
/** The contract's greatest page. */
const PAGE = 1_000;
/** How long after a change the rows far below, and who is in a large team, are read again. */
export const REST_MS = 1_000;
/** A team larger than this is looked through elsewhere than below the conversations. */
const SMALL_TEAM = 50;

/** The left column of one account: conversations, and people without one. */
export class ConversationList {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #bell = new Doorbell(() => this.#reload());
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
  /** What has to be read again beside the head. */
  #restDue = false;
  #contactsDue = true;
  #rest: ReturnType<typeof setTimeout> | undefined;
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

  /** The same of one that may be below all that was read: then everything is read. */
  async reach(id: string): Promise<ConversationView | undefined> {
    if (this.find(id) === undefined) await this.#decided();
    return this.find(id);
  }

  /** What tells somebody from others of the same name; nothing for all others. */
  note(id: string): string {
    return this.#notes.get(id) ?? '';
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  /** People are read again when something about them is told, not with each message. */
  handle(event: Event): void {
    switch (event.type) {
      case 'contacts-changed':
      case 'profile-changed':
      case 'blocked-changed':
      case 'lagged':
        // The rows are asked for with the same event, and a small team with them. In
        // a large one somebody comes or goes all the time: then now and then is enough.
        this.#contactsDue = true;
        if (this.#contacts.length > SMALL_TEAM) this.#restSoon(REST_MS);
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
    clearTimeout(this.#rest);
    this.readAll.close();
  }

  /** What a person has just decided or asked for is seen at once, however far below it is. */
  #decided(): Promise<void> {
    this.#restDue = true;
    return this.refresh();
  }

  /** A timer that runs is left alone: where much happens, it would never end. */
  #restSoon(wait: number): void {
    if (this.#closed) return;
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.#restDue = true;
      void this.refresh();
    }, wait);
  }

  async #reload(): Promise<void> {
    // Before it is asked: what is due while it is read is read again.
    const rest = this.#restDue;
    const contacts = this.#contactsDue && (rest || this.#contacts.length <= SMALL_TEAM);
    this.#restDue = false;
    if (contacts) this.#contactsDue = false;
    try {
      await this.#read(rest, contacts);
    } catch {
      // The account is being locked or removed; the overview says so.
      this.#restDue ||= rest;
      this.#contactsDue ||= contacts;
    } finally {
      this.#loaded = true;
    }
  }

  async #read(rest: boolean, contacts: boolean): Promise<void> {
    const [head, people] = await Promise.all([
      this.#rpc.conversations(this.#account, 0, HEAD),
      contacts ? this.#rpc.contacts(this.#account) : this.#contacts,
    ]);
    this.#contacts = people;
    if (head.total <= head.rows.length) {
      this.#take(head.rows);
      return;
    }
    // What is below stays as it was until it is read again.
    const fresh = new Set(head.rows.map(({ id }) => id));
    this.#take([...head.rows, ...this.#newest.filter(({ id }) => !fresh.has(id))]);
    if (rest) await this.#readRest(head.rows);
    else this.#restSoon(this.#newest.length < head.total ? 0 : REST_MS);
  }

  async #readRest(head: ConversationView[]): Promise<void> {
    const rows = new Map(head.map((row) => [row.id, row]));
    let skip = head.length;
    for (;;) {
      const page = await this.#rpc.conversations(this.#account, skip, PAGE);
      for (const row of page.rows) if (!rows.has(row.id)) rows.set(row.id, row);
      skip += page.rows.length;
      if (page.rows.length === 0 || skip >= page.total) break;
    }
    this.#take([...rows.values()]);
  }

  #take(rows: ConversationView[]): void {
    this.#newest = rows;
    this.#rows = this.#held ? holdOrder(this.#rows, rows) : rows;
  }
}

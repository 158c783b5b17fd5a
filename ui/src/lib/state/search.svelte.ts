import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { SearchFilters } from '../rpc/generated/SearchFilters';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SearchPage } from '../rpc/generated/SearchPage';
import type { Rpc } from '../rpc/client';
import { loadPinyin } from '../text/pinyin';
import { type FilterName, parseQuery, type SearchQuery, withFilter } from '../text/search-query';
import type { ConversationList } from './conversation-list.svelte';
import { authors, best, conversations, type SearchName } from './search-names';

/** So long a text must rest before it is looked for. */
export const SEARCH_DELAY_MS = 80;
/** The server is asked when nobody types any more. */
export const SERVER_DELAY_MS = 600;
const PAGE = 30;

/** A filter that names nobody, or several who have the same name. */
export interface Unclear {
  filter: 'from' | 'in';
  name: string;
  among: readonly SearchName[];
}

/** Searching everything that was written: on this device, then on the server. */
export class Search {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #list: ConversationList;
  #text = $state('');
  #query = $derived(parseQuery(this.#text));
  #hits = $state.raw<SearchHit[]>([]);
  #next = $state.raw<string | null>(null);
  #serverHits = $state.raw<SearchHit[]>([]);
  #serverNext: string | null = null;
  #serverState = $state<'idle' | 'asking' | 'done' | 'failed'>('idle');
  #searched = $state(false);
  #goingOn = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #unclear = $state.raw<Unclear | null>(null);
  #active = $state.raw<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #serverTimer: ReturnType<typeof setTimeout> | undefined;
  /** Numbers the searches, so that a slow answer cannot overwrite a newer one. */
  #search = 0;
  #loading = false;

  constructor(rpc: Rpc, account: string, list: ConversationList) {
    this.#rpc = rpc;
    this.#account = account;
    this.#list = list;
  }

  get text(): string {
    return this.#text;
  }

  get query(): SearchQuery {
    return this.#query;
  }

  /** What is on this device, the newest first. */
  get hits(): readonly SearchHit[] {
    return this.#hits;
  }

  /** What only the server has. */
  get serverHits(): readonly SearchHit[] {
    return this.#serverHits;
  }

  get serverState(): 'idle' | 'asking' | 'done' | 'failed' {
    return this.#serverState;
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Whether the answer to what is typed is here. */
  get searched(): boolean {
    return this.#searched;
  }

  /** Whether a part of the messages was looked through without a hit, and the rest is. */
  get goingOn(): boolean {
    return this.#goingOn;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  get unclear(): Unclear | null {
    return this.#unclear;
  }

  /** Key of the hit that was opened last. */
  get active(): string | null {
    return this.#active;
  }

  get any(): boolean {
    return this.#text.trim() !== '';
  }

  input(text: string): void {
    if (text === this.#text) return;
    void loadPinyin();
    this.#text = text;
    this.#stop();
    this.#forget();
    if (this.any) this.#timer = setTimeout(() => void this.look(), SEARCH_DELAY_MS);
  }

  /** Sets a filter as if it had been typed; null takes it out. */
  filter(name: FilterName, value: string | null): void {
    this.input(withFilter(this.#text, name, value));
  }

  /** Searches now. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    const search = ++this.#search;
    this.#goingOn = false;
    await loadPinyin();
    const filters = this.#filters();
    if (filters === null || search !== this.#search) return;
    try {
      const page = await this.#page(filters, null, search);
      if (search !== this.#search) return;
      this.#hits = unique(page.hits);
      this.#next = page.next;
      this.#problem = null;
    } catch (thrown) {
      if (search === this.#search) this.#problem = toApiError(thrown);
    }
    if (search !== this.#search) return;
    this.#searched = true;
    // Servers know no kinds, and nothing to look for is nothing to ask.
    if (this.#query.words === '' || this.#query.kind !== null) return;
    this.#serverTimer = setTimeout(() => void this.askServer(), SERVER_DELAY_MS);
  }

  async more(): Promise<void> {
    const before = this.#next;
    const filters = this.#filters();
    if (before === null || filters === null || this.#loading) return;
    const search = this.#search;
    this.#loading = true;
    try {
      const page = await this.#page(filters, before, search);
      if (search !== this.#search) return;
      this.#hits = unique([...this.#hits, ...page.hits]);
      this.#next = page.next;
    } catch {
      // Scrolling down again asks again.
    } finally {
      this.#loading = false;
    }
  }

  /** Asks the server for what is not on this device. */
  async askServer(): Promise<void> {
    clearTimeout(this.#serverTimer);
    const filters = this.#filters();
    if (filters === null || this.#serverState === 'asking') return;
    const search = this.#search;
    this.#serverState = 'asking';
    try {
      const page = await this.#rpc.findMessages({
        action: 'find-on-server',
        account: this.#account,
        text: this.#query.words,
        filters: { ...filters, kind: null },
        before: this.#serverNext,
        limit: PAGE,
      });
      if (search !== this.#search) return;
      const here = new Set(this.#hits.map(hitKey));
      this.#serverHits = unique([...this.#serverHits, ...page.hits]).filter(
        (hit) => !here.has(hitKey(hit)),
      );
      this.#serverNext = page.next;
      this.#serverState = 'done';
    } catch {
      if (search === this.#search) this.#serverState = 'failed';
    }
  }

  get serverHasMore(): boolean {
    return this.#serverState === 'done' && this.#serverNext !== null;
  }

  opened(hit: SearchHit): void {
    this.#active = hitKey(hit);
  }

  close(): void {
    this.#stop();
  }

  /**
   * The next page with something on it. The engine looks at so many messages at a
   * time: that it found nothing among them says nothing of those before them.
   */
  async #page(filters: SearchFilters, before: string | null, search: number): Promise<SearchPage> {
    try {
      let page = await this.#ask(filters, before);
      while (page.hits.length === 0 && page.next !== null && search === this.#search) {
        this.#goingOn = true;
        page = await this.#ask(filters, page.next);
      }
      return page;
    } finally {
      if (search === this.#search) this.#goingOn = false;
    }
  }

  #ask(filters: SearchFilters, before: string | null): Promise<SearchPage> {
    const text = this.#query.words;
    const account = this.#account;
    return this.#rpc.findMessages({
      action: 'find',
      account,
      text,
      filters,
      before,
      limit: PAGE,
    });
  }

  /** The filters with names made into addresses; null if one names nobody, or several. */
  #filters(): SearchFilters | null {
    const { from, in: within, fromMs, toMs, kind } = this.#query;
    const author = this.#named('from', from, authors);
    const conversation = this.#named('in', within, conversations);
    this.#unclear = author.unclear ?? conversation.unclear;
    if (this.#unclear) return null;
    return { conversation: conversation.id, author: author.id, from_ms: fromMs, to_ms: toMs, kind };
  }

  #named(
    filter: Unclear['filter'],
    name: string | null,
    names: (list: ConversationList) => SearchName[],
  ): { id: string | null; unclear: Unclear | null } {
    if (name === null) return { id: null, unclear: null };
    const among = best(names(this.#list), name);
    const [first] = among;
    return first && among.length === 1
      ? { id: first.id, unclear: null }
      : { id: null, unclear: { filter, name, among } };
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#serverTimer);
    this.#search += 1;
    this.#goingOn = false;
  }

  #forget(): void {
    this.#hits = [];
    this.#next = null;
    this.#serverHits = [];
    this.#serverNext = null;
    this.#serverState = 'idle';
    this.#searched = false;
    this.#problem = null;
    this.#unclear = null;
    this.#active = null;
  }
}

export function hitKey(hit: SearchHit): string {
  return hit.message === null
    ? `${hit.conversation} ${hit.archive_id ?? hit.time_ms}`
    : `${hit.conversation} ${hit.message}`;
}

/** A message that moved between two pages is in both. */
function unique(hits: readonly SearchHit[]): SearchHit[] {
  return [...new Map(hits.map((hit) => [hitKey(hit), hit])).values()];
}

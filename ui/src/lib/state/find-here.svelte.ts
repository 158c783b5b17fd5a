import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SearchPage } from '../rpc/generated/SearchPage';
import type { Rpc } from '../rpc/client';

/** So long a text must rest before it is looked for. */
export const FIND_DELAY_MS = 80;
const PAGE = 50;

export interface FindHost {
  rpc: Rpc;
  account: string;
  /** Id of the open conversation. */
  conversation(): string | null;
  jumpTo(message: number): Promise<void>;
}

/** Searching in the open conversation, from the newest message up. */
export class FindHere {
  readonly #host: FindHost;
  #open = $state(false);
  #text = $state('');
  #hits = $state.raw<SearchHit[]>([]);
  #next: string | null = null;
  #at = $state(-1);
  #searched = $state(false);
  #more = $state(false);
  #goingOn = $state(false);
  /** The page of older hits that is on its way. */
  #older: Promise<void> | null = null;
  #problem = $state.raw<ApiError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Numbers the searches, so that a slow answer cannot overwrite a newer one. */
  #search = 0;
  /** Rises with each wish to type into the field. */
  #asked = $state(0);

  constructor(host: FindHost) {
    this.#host = host;
  }

  get open(): boolean {
    return this.#open;
  }

  get text(): string {
    return this.#text;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  get asked(): number {
    return this.#asked;
  }

  /** Whether the answer to what is typed is here. */
  get searched(): boolean {
    return this.#searched;
  }

  /** Whether a part of the messages was looked through without a hit, and the rest is. */
  get goingOn(): boolean {
    return this.#goingOn;
  }

  get count(): number {
    return this.#hits.length;
  }

  /** Whether there are more than were counted. */
  get more(): boolean {
    return this.#more;
  }

  /** Place among the hits, counted from 1; 0 when at none. */
  get place(): number {
    return this.#at + 1;
  }

  get hit(): SearchHit | undefined {
    return this.#hits[this.#at];
  }

  start(): void {
    this.#open = true;
    this.#asked += 1;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#search += 1;
    this.#open = false;
    this.#forget();
    this.#text = '';
  }

  input(text: string): void {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#search += 1;
    this.#forget();
    if (text.trim() !== '') this.#timer = setTimeout(() => void this.look(), FIND_DELAY_MS);
  }

  /** Searches now and goes to the newest hit. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    const search = ++this.#search;
    await this.#page(search, null);
    if (search === this.#search && this.#hits.length > 0) await this.#goTo(0);
  }

  /** To the hit before (1, older) or after (-1, newer) this one, around the ends. */
  async step(step: 1 | -1): Promise<void> {
    if (!this.#searched) {
      // One that takes longer goes to its hit by itself, and is not begun anew.
      if (this.#text.trim() !== '' && !this.#goingOn) await this.look();
      return;
    }
    if (this.#at + step >= this.#hits.length && this.#next !== null) {
      const search = this.#search;
      await this.#loadOlder(search, this.#next);
      if (search !== this.#search) return;
    }
    const count = this.#hits.length;
    // Another step may have waited for the same page.
    if (count > 0) await this.#goTo((this.#at + step + count) % count);
  }

  /** Loads the next page; who wants it while it is on its way waits for that one. */
  async #loadOlder(search: number, before: string): Promise<void> {
    const older = (this.#older ??= this.#page(search, before));
    await older;
    if (this.#older === older) this.#older = null;
  }

  async #goTo(place: number): Promise<void> {
    this.#at = place;
    const message = this.#hits[place]?.message;
    if (message != null) await this.#host.jumpTo(message);
  }

  /**
   * Takes the next hits. The engine looks at so many messages at a time: that it
   * found nothing among them says nothing of those before them.
   */
  async #page(search: number, before: string | null): Promise<void> {
    const conversation = this.#host.conversation();
    if (conversation === null) return;
    try {
      let page = await this.#ask(conversation, before);
      while (page.hits.length === 0 && page.next !== null && search === this.#search) {
        this.#goingOn = true;
        page = await this.#ask(conversation, page.next);
      }
      if (search !== this.#search) return;
      this.#hits = [...this.#hits, ...page.hits];
      this.#next = page.next;
      this.#more = page.next !== null;
      this.#problem = null;
    } catch (thrown) {
      if (search === this.#search) this.#problem = toApiError(thrown);
    }
    if (search !== this.#search) return;
    this.#goingOn = false;
    this.#searched = true;
  }

  /** One page, without what is not on this device. */
  async #ask(conversation: string, before: string | null): Promise<SearchPage> {
    const page = await this.#host.rpc.findMessages({
      action: 'find',
      account: this.#host.account,
      text: this.#text.trim(),
      filters: { conversation, author: null, from_ms: null, to_ms: null, kind: null },
      before,
      limit: PAGE,
    });
    return { ...page, hits: page.hits.filter(({ message }) => message !== null) };
  }

  #forget(): void {
    this.#hits = [];
    this.#next = null;
    this.#more = false;
    this.#goingOn = false;
    this.#older = null;
    this.#at = -1;
    this.#searched = false;
    this.#problem = null;
  }
}

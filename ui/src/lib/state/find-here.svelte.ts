import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { SearchHit } from '../rpc/generated/SearchHit';
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
      if (this.#text.trim() !== '') await this.look();
      return;
    }
    const wanted = this.#at + step;
    if (wanted >= this.#hits.length && this.#next !== null) {
      await this.#page(this.#search, this.#next);
    }
    const count = this.#hits.length;
    if (count > 0) await this.#goTo((wanted + count) % count);
  }

  async #goTo(place: number): Promise<void> {
    this.#at = place;
    const message = this.#hits[place]?.message;
    if (message != null) await this.#host.jumpTo(message);
  }

  async #page(search: number, before: string | null): Promise<void> {
    const conversation = this.#host.conversation();
    if (conversation === null) return;
    try {
      const page = await this.#host.rpc.findMessages({
        action: 'find',
        account: this.#host.account,
        text: this.#text.trim(),
        filters: { conversation, author: null, from_ms: null, to_ms: null, kind: null },
        before,
        limit: PAGE,
      });
      if (search !== this.#search) return;
      this.#hits = [...this.#hits, ...page.hits.filter(({ message }) => message !== null)];
      this.#next = page.next;
      this.#more = page.next !== null;
      this.#problem = null;
    } catch (thrown) {
      if (search === this.#search) this.#problem = toApiError(thrown);
    }
    if (search === this.#search) this.#searched = true;
  }

  #forget(): void {
    this.#hits = [];
    this.#next = null;
    this.#more = false;
    this.#at = -1;
    this.#searched = false;
    this.#problem = null;
  }
}

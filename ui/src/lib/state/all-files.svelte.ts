import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { Rpc } from '../rpc/client';
import { unique } from './search.svelte';

export type FileKind = 'file' | 'image' | 'link';

export const FILE_KINDS: readonly FileKind[] = ['file', 'image', 'link'];

const PAGE = 50;
/** So long a text must rest before it is looked for. */
export const FILES_DELAY_MS = 120;

/** Files, pictures and links of all conversations, the newest first. */
export class AllFiles {
  readonly #rpc: Rpc;
  readonly #account: string;
  #kind = $state<FileKind>('file');
  #text = $state('');
  #hits = $state.raw<SearchHit[]>([]);
  #next: string | null = null;
  #loaded = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Numbers the looks, so that a slow answer cannot overwrite a newer one. */
  #look = 0;
  #loading = false;

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get kind(): FileKind {
    return this.#kind;
  }

  get text(): string {
    return this.#text;
  }

  get hits(): readonly SearchHit[] {
    return this.#hits;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  choose(kind: FileKind): void {
    this.#kind = kind;
    void this.load();
  }

  input(text: string): void {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), FILES_DELAY_MS);
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    const look = ++this.#look;
    this.#loaded = false;
    this.#hits = [];
    this.#next = null;
    await this.#page(look, null);
    if (look === this.#look) this.#loaded = true;
  }

  async more(): Promise<void> {
    if (this.#next === null || this.#loading) return;
    this.#loading = true;
    await this.#page(this.#look, this.#next);
    this.#loading = false;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#look += 1;
  }

  async #page(look: number, before: string | null): Promise<void> {
    try {
      const page = await this.#rpc.findMessages({
        action: 'find',
        account: this.#account,
        text: this.#text.trim(),
        filters: {
          conversation: null,
          author: null,
          from_ms: null,
          to_ms: null,
          kind: this.#kind,
        },
        before,
        limit: PAGE,
      });
      if (look !== this.#look) return;
      this.#hits = unique([...this.#hits, ...page.hits]);
      this.#next = page.next;
      this.#problem = null;
    } catch (thrown) {
      if (look === this.#look) this.#problem = toApiError(thrown);
    }
  }
}

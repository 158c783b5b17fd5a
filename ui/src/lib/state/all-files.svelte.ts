import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { FileFilter } from '../rpc/generated/FileFilter';
import type { FileRow } from '../rpc/generated/FileRow';
import type { Rpc } from '../rpc/client';
import type { FileRuntime } from '../rpc/files';

export const FILE_FILTERS: readonly FileFilter[] = ['all', 'documents', 'pictures', 'media'];

const PAGE = 50;
/** The contract's greatest page. */
const MAX_PAGE = 200;
/** So long a text must rest before it is looked for. */
export const FILES_DELAY_MS = 120;

/** The files of all conversations, the newest first. */
export class AllFiles {
  readonly #rpc: Rpc;
  readonly #account: string;
  #filter = $state<FileFilter>('all');
  #text = $state('');
  #rows = $state.raw<FileRow[]>([]);
  #next: string | null = null;
  #loaded = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #failed = $state.raw<ApiError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Numbers the looks, so that a slow answer cannot overwrite a newer one. */
  #look = 0;
  #loading = false;

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get filter(): FileFilter {
    return this.#filter;
  }

  get text(): string {
    return this.#text;
  }

  get rows(): readonly FileRow[] {
    return this.#rows;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Whether files can be opened and saved here. */
  get handled(): boolean {
    return this.#rpc.files !== undefined;
  }

  /** Why the last one was not opened or saved. */
  get failed(): ApiError | null {
    return this.#failed;
  }

  async openFile({ message, index }: FileRow): Promise<void> {
    await this.#do((files) => files.open(this.#account, message, index));
  }

  async saveFile({ message, index }: FileRow): Promise<void> {
    await this.#do((files) => files.save(this.#account, message, index));
  }

  choose(filter: FileFilter): void {
    this.#filter = filter;
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
    this.#rows = [];
    this.#next = null;
    await this.#page(look, null);
    if (look === this.#look) this.#loaded = true;
  }

  /** Looks again at what is shown, which stays until the answer is there. */
  async refresh(): Promise<void> {
    const look = ++this.#look;
    const shown = Math.min(Math.max(this.#rows.length, PAGE), MAX_PAGE);
    await this.#page(look, null, shown);
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

  async #do(work: (files: FileRuntime) => Promise<void>): Promise<void> {
    const { files } = this.#rpc;
    if (!files) return;
    this.#failed = null;
    try {
      await work(files);
    } catch (thrown) {
      this.#failed = toApiError(thrown);
    }
  }

  async #page(look: number, before: string | null, limit = PAGE): Promise<void> {
    const { filter, text } = this;
    try {
      const page = await this.#rpc.fileList(this.#account, filter, text.trim(), before, limit);
      if (look !== this.#look) return;
      // A file that came meanwhile moves the others, and one of them is in both pages.
      const rows = before === null ? page.files : [...this.#rows, ...page.files];
      this.#rows = [...new Map(rows.map((row) => [fileKey(row), row])).values()];
      this.#next = page.next;
      this.#problem = null;
    } catch (thrown) {
      if (look === this.#look) this.#problem = toApiError(thrown);
    }
  }
}

export function fileKey({ message, index }: FileRow): string {
  return `${message} ${index}`;
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { Rpc } from '../rpc/client';
import type { OutgoingFile } from '../rpc/files';

/** A file that waits in the preview. */
export interface PendingFile extends OutgoingFile {
  id: number;
  /** For a picture, an address in this window; to be let go with it. */
  preview: string | null;
  /** It was handed over. */
  went: (() => void) | undefined;
}

/** So many files go in one message. */
const MAX_FILES = 20;
const DRAWN = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/;

/** Files that were dropped, pasted or chosen, with a caption, before they are sent. */
export class OutgoingFiles {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #conversation: string;
  #pending = $state.raw<PendingFile[]>([]);
  #caption = $state('');
  #busy = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #tooMany = $state(false);
  #nextId = 1;
  /** Ends what is being handed over. */
  #stop: AbortController | null = null;

  constructor(rpc: Rpc, account: string, conversation: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.#conversation = conversation;
  }

  /** Whether files can be sent at all. */
  get offered(): boolean {
    return this.#rpc.files !== undefined;
  }

  get pending(): readonly PendingFile[] {
    return this.#pending;
  }

  get caption(): string {
    return this.#caption;
  }

  set caption(caption: string) {
    this.#caption = caption;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** More were given than go in one message; the others were left out. */
  get tooMany(): boolean {
    return this.#tooMany;
  }

  /** The files that another program has put onto the clipboard; none if they cannot be had. */
  async pasted(): Promise<File[]> {
    try {
      return await this.#rpc.desktop((desktop) => desktop.pastedFiles());
    } catch {
      return [];
    }
  }

  /** Puts files into the preview; `caption` is what was written before, `went` is called for each. */
  add(files: readonly File[], caption = this.#caption, went?: () => void): void {
    if (!this.offered || files.length === 0) return;
    const room = MAX_FILES - this.#pending.length;
    this.#tooMany = files.length > room;
    this.#problem = null;
    this.#caption = caption;
    const added = files.slice(0, room).map((file): PendingFile => {
      const drawn = DRAWN.test(file.type);
      return {
        id: this.#nextId++,
        name: safeName(file.name, file.type),
        mediaType: file.type === '' ? 'application/octet-stream' : file.type,
        bytes: file,
        width: null,
        height: null,
        preview: drawn ? URL.createObjectURL(file) : null,
        went,
      };
    });
    this.#pending = [...this.#pending, ...added];
  }

  /** The view has decoded a picture and knows its size. */
  measured(id: number, width: number, height: number): void {
    this.#pending = this.#pending.map((file) =>
      file.id === id ? { ...file, width, height } : file,
    );
  }

  remove(id: number): void {
    this.#take(this.#pending.filter((file) => file.id === id));
    this.#tooMany = false;
  }

  /** What was not handed over yet is not sent. */
  cancel(): void {
    this.#stop?.abort();
    this.#take(this.#pending);
    this.#caption = '';
    this.#problem = null;
    this.#tooMany = false;
  }

  /**
   * Hands everything over. What went leaves the preview at once, so that it cannot go
   * twice; `went` is called for each.
   */
  async send(replyTo: number | null, went: () => void): Promise<void> {
    const files = this.#rpc.files;
    if (!files || this.#busy || this.#pending.length === 0) return;
    this.#busy = true;
    this.#problem = null;
    const stop = new AbortController();
    this.#stop = stop;
    const caption = this.#caption.trim();
    const batch = this.#pending;
    const all = batch.map(({ name, mediaType, bytes, width, height }) => ({
      name,
      mediaType,
      bytes,
      width,
      height,
    }));
    const handedOver = (file: OutgoingFile) => {
      const gone = batch[all.indexOf(file)];
      // After a cancel it is that of other files.
      if (!stop.signal.aborted) this.#caption = '';
      this.#take(this.#pending.filter(({ id }) => id === gone?.id));
      gone?.went?.();
      went();
    };
    try {
      const [account, conversation] = [this.#account, this.#conversation];
      await files.send(account, conversation, all, caption, replyTo, handedOver, stop.signal);
      this.#tooMany = false;
    } catch (thrown) {
      if (!stop.signal.aborted) this.#problem = toApiError(thrown);
    } finally {
      this.#busy = false;
      this.#stop = null;
    }
  }

  #take(gone: readonly PendingFile[]): void {
    this.#letGo(gone);
    this.#pending = this.#pending.filter((file) => !gone.includes(file));
  }

  #letGo(files: readonly PendingFile[]): void {
    for (const { preview } of files) if (preview !== null) URL.revokeObjectURL(preview);
  }
}

/** A name that every system takes; pasted pictures have none of their own. */
export function safeName(name: string, mediaType: string): string {
  const last = name.split(/[/\\]/).pop() ?? '';
  const clean = last
    .replace(/[<>:"|?*\p{Cc}\p{Cf}]/gu, '_')
    .replace(/[\s.]+$/u, '')
    .slice(-120);
  if (clean !== '') return clean;
  const [kind = '', format = 'bin'] = mediaType.split('/');
  return `${kind === 'image' ? 'image' : 'file'}.${format.replace(/\W.*$/, '')}`;
}

import { apiError } from '../errors/api-failure';
import type { FileRequest } from '../rpc/generated/FileRequest';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { DesktopRuntime } from './desktop';
import type { FileRuntime, OutgoingFile } from './runtime';

/** As much as the shell gives at a time. */
const PART_BYTES = 4 * 1024 * 1024;
/** What is larger is not held in the window's memory: it is saved and opened outside. */
const MAX_SHOWN_BYTES = 256 * 1024 * 1024;
/** So many addresses are kept; those of long ago are given back. */
const MAX_SHOWN = 200;

type Ask = (request: Request) => Promise<Response>;

/** The files of messages on a desktop: the engine has them, sealed; the shell shows and saves them. */
export class DesktopFiles implements FileRuntime {
  readonly #ask: Ask;
  readonly #desktop: DesktopRuntime;
  readonly #shown = new Map<string, Promise<string>>();

  constructor(ask: Ask, desktop: DesktopRuntime) {
    this.#ask = ask;
    this.#desktop = desktop;
  }

  async send(
    account: string,
    conversation: string,
    files: OutgoingFile[],
    caption: string,
    replyTo: number | null,
    handedOver?: (file: OutgoingFile) => void,
    stop?: AbortSignal,
  ): Promise<void> {
    for (const [index, file] of files.entries()) {
      stop?.throwIfAborted();
      const id = await this.#desktop.fileStage(account, file.bytes);
      // A copy that is not sent after all is tidied away.
      stop?.throwIfAborted();
      const is_first = index === 0;
      await this.#files({
        action: 'send',
        account,
        conversation,
        source: { from: 'staged', id },
        name: file.name,
        media_type: file.mediaType === '' ? null : file.mediaType,
        width: file.width,
        height: file.height,
        caption: is_first ? caption : '',
        reply_to: is_first ? replyTo : null,
        mentions: [],
      });
      handedOver?.(file);
    }
  }

  show(account: string, message: number, index: number, asked = false): Promise<string> {
    const key = `${account}/${message}/${index}`;
    const known = this.#shown.get(key);
    if (known) return known;
    const address = this.#load(account, message, index, asked);
    this.#shown.set(key, address);
    // Once more from the beginning the next time.
    address.catch(() => this.#shown.delete(key));
    this.#forgetOldest();
    return address;
  }

  async save(account: string, message: number, index: number): Promise<void> {
    const name = await this.#name(account, message, index);
    const path = await this.#desktop.fileAskWhere(name);
    if (path !== null) await this.#desktop.fileSave(account, message, index, path);
  }

  async open(account: string, message: number, index: number): Promise<void> {
    await this.#desktop.fileOpen(account, message, index);
  }

  async drag(
    account: string,
    message: number,
    index: number,
    released: AbortSignal,
  ): Promise<void> {
    await this.#desktop.fileDragReady(account, message, index);
    if (!released.aborted) await this.#desktop.fileDrag(account, message, index);
  }

  async #load(account: string, message: number, index: number, asked: boolean): Promise<string> {
    await this.#files({ action: 'fetch', account, message, index, automatic: !asked });
    const { media_type, size } = await this.#desktop.fileInfo(account, message, index);
    if (size > MAX_SHOWN_BYTES) throw apiError('not-supported');
    const parts: ArrayBuffer[] = [];
    for (let from = 0; from < size; from += PART_BYTES) {
      parts.push(await this.#desktop.fileRead(account, message, index, from, PART_BYTES));
    }
    return URL.createObjectURL(new Blob(parts, { type: media_type }));
  }

  async #name(account: string, message: number, index: number): Promise<string> {
    const answer = await this.#ask({ type: 'message', action: 'details', account, message });
    if (answer.type !== 'message-details') return '';
    return answer.value.message.attachments[index]?.name ?? '';
  }

  async #files(request: FileRequest): Promise<Response> {
    return this.#ask({ type: 'files', ...request });
  }

  #forgetOldest(): void {
    for (const [key, address] of this.#shown) {
      if (this.#shown.size <= MAX_SHOWN) return;
      this.#shown.delete(key);
      void address.then((url) => URL.revokeObjectURL(url)).catch(() => undefined);
    }
  }
}

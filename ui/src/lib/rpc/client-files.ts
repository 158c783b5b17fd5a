import type { Ask } from './client-ask';
import type { FileRequest } from './generated/FileRequest';
import type { TransferView } from './generated/TransferView';

/** The part of the contract that is about files on their way. */
export class FilesRpc {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  transfers(account: string): Promise<TransferView[]> {
    return this.#ask({ type: 'files', action: 'transfers', account }, 'transfers');
  }

  pause(account: string, message: number): Promise<void> {
    return this.#done({ action: 'pause', account, message });
  }

  /** From the beginning, as servers take no parts. */
  resume(account: string, message: number): Promise<void> {
    return this.#done({ action: 'resume', account, message });
  }

  /** Takes the message away whose files are not at the server yet. */
  cancel(account: string, message: number): Promise<void> {
    return this.#done({ action: 'cancel', account, message });
  }

  stopFetch(account: string, message: number, index: number): Promise<void> {
    return this.#done({ action: 'stop-fetch', account, message, index });
  }

  #done(request: FileRequest): Promise<void> {
    return this.#ask({ type: 'files', ...request }, 'done');
  }
}

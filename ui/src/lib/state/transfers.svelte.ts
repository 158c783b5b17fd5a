import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { TransferView } from '../rpc/generated/TransferView';
import type { Rpc } from '../rpc/client';
import { Doorbell } from './doorbell';

/** Files of one account that are on their way, in both directions. */
export class Transfers {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #ended: () => void;
  #all = $state.raw<ReadonlyMap<string, TransferView>>(new Map());
  #loaded = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #closed = false;
  readonly #bell = new Doorbell(() => this.#load());

  /** `ended` is called when a file is no longer on its way. */
  constructor(rpc: Rpc, account: string, ended: () => void = () => undefined) {
    this.#rpc = rpc;
    this.#account = account;
    this.#ended = ended;
  }

  /** A file of a message, as far as it is on its way. */
  of(message: number, index: number): TransferView | undefined {
    return this.#all.get(key(message, index));
  }

  /** Whether it is known what is on its way. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Why the last press of a button did nothing. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  dismissProblem(): void {
    this.#problem = null;
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  pause(message: number): Promise<void> {
    return this.#do(() => this.#rpc.transfers.pause(this.#account, message));
  }

  resume(message: number): Promise<void> {
    return this.#do(() => this.#rpc.transfers.resume(this.#account, message));
  }

  /** Tries again what the server did not take. */
  retry(message: number): Promise<void> {
    return this.#do(() => this.#rpc.retryMessage(this.#account, message));
  }

  /** A message that is not sent is gone then; what is fetched can be fetched again. */
  stop({ message, index, direction }: TransferView): Promise<void> {
    return this.#do(() =>
      direction === 'up'
        ? this.#rpc.transfers.cancel(this.#account, message)
        : this.#rpc.transfers.stopFetch(this.#account, message, index),
    );
  }

  close(): void {
    this.#closed = true;
  }

  async #do(work: () => Promise<void>): Promise<void> {
    this.#problem = null;
    try {
      await work();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
    await this.refresh();
  }

  async #load(): Promise<void> {
    try {
      const all = await this.#rpc.transfers.transfers(this.#account);
      if (this.#closed) return;
      const before = this.#all;
      this.#all = new Map(all.map((one) => [key(one.message, one.index), one]));
      this.#loaded = true;
      if ([...before.keys()].some((one) => !this.#all.has(one))) this.#ended();
    } catch {
      // Said where the messages are; the next event asks again.
    }
  }
}

function key(message: number, index: number): string {
  return `${message} ${index}`;
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { StorageView } from '../rpc/generated/StorageView';
import type { Rpc } from '../rpc/client';

/** What the account takes up on this device, and making room. */
export class Storage {
  readonly #rpc: Rpc;
  readonly #account: string;
  #view = $state.raw<StorageView | null>(null);
  #problem = $state.raw<ApiError | null>(null);
  #done = $state<number | null>(null);
  #of = $state(0);

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get view(): StorageView | null {
    return this.#view;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** How many conversations are through, while it is being cleared. */
  get progress(): { done: number; of: number } | null {
    return this.#done === null ? null : { done: this.#done, of: this.#of };
  }

  async load(): Promise<void> {
    try {
      this.#view = await this.#rpc.storage(this.#account);
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  /** Takes what was read from this device; unread messages and the server's copy stay. */
  async clear(conversations: readonly string[]): Promise<void> {
    if (this.#done !== null) return;
    this.#done = 0;
    this.#of = conversations.length;
    try {
      for (const conversation of conversations) {
        await this.#rpc.decide(this.#account, { action: 'clear-cache', conversation });
        this.#done += 1;
      }
      await this.#rpc.clearFiles(this.#account);
      await this.load();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#done = null;
    }
  }
}

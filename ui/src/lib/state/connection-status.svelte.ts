import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ConnectionStatusView } from '../rpc/generated/ConnectionStatusView';
import type { ManagedView } from '../rpc/generated/ManagedView';
import type { Rpc } from '../rpc/client';

/** How the connection of an account is, and what is set for it. */
export class ConnectionStatus {
  readonly #rpc: Rpc;
  readonly #account: string;
  #view = $state.raw<ConnectionStatusView | null>(null);
  #managed = $state.raw<ManagedView | null>(null);
  #busy = $state(false);
  #problem = $state.raw<ApiError | null>(null);

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get view(): ConnectionStatusView | null {
    return this.#view;
  }

  get managed(): ManagedView | null {
    return this.#managed;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Asks the server; the old figures stay until the new ones are there. */
  async measure(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#view = await this.#rpc.connection.status(this.#account);
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#busy = false;
    }
  }

  async loadManaged(): Promise<void> {
    try {
      this.#managed = await this.#rpc.connection.managed(this.#account);
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { EmbeddedServerView } from '../rpc/generated/EmbeddedServerView';
import type { InviteView } from '../rpc/generated/InviteView';
import type { Rpc } from '../rpc/client';

/** The server inside this app, as far as the window has a say in it. */
export class EmbeddedServer {
  readonly #rpc: Rpc;
  #view = $state.raw<EmbeddedServerView>({ state: 'none' });
  #busy = $state(false);
  #problem = $state.raw<ApiError | null>(null);

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  get view(): EmbeddedServerView {
    return this.#view;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Why it does not run, or why the last press of a button did nothing. */
  get problem(): ApiError | null {
    if (this.#problem) return this.#problem;
    return this.#view.state === 'stopped' ? this.#view.error : null;
  }

  update(view: EmbeddedServerView): void {
    this.#view = view;
    if (view.state === 'running') this.#problem = null;
  }

  async load(): Promise<void> {
    this.update(await this.#rpc.serverStatus());
  }

  start(): Promise<void> {
    return this.#press(() => this.#rpc.serverStart());
  }

  stop(): Promise<void> {
    return this.#press(() => this.#rpc.serverStop());
  }

  /** A fresh invitation. Throws an `ApiFailure`. */
  invite(): Promise<InviteView> {
    return this.#rpc.serverInvite();
  }

  async #press(call: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#problem = null;
    try {
      await call();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#busy = false;
    }
    await this.load().catch(() => undefined);
  }
}

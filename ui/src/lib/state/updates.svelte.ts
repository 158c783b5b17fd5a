import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { UpdateView } from '../rpc/generated/UpdateView';
import type { Rpc } from '../rpc/client';
import { minuteClock } from './clock.svelte';

/** Who says "later" is left alone for so long. */
const LATER_MS = 24 * 60 * 60 * 1000;

/** New versions of the program. Nothing is installed before the user says so. */
export class Updates {
  readonly #rpc: Rpc;
  /** What is typed goes to the disk before a restart. */
  readonly #leave: () => Promise<void>;
  #view = $state.raw<UpdateView>({ state: 'none', checked_ms: null, failed: false });
  #quietUntil = $state(0);
  #busy = $state(false);
  #problem = $state.raw<ApiError | null>(null);

  constructor(rpc: Rpc, leave: () => Promise<void>) {
    this.#rpc = rpc;
    this.#leave = leave;
  }

  get view(): UpdateView {
    return this.#view;
  }

  /** The version that is to be told of now. */
  get told(): Extract<UpdateView, { state: 'ready' | 'available' }> | null {
    const view = this.#view;
    const is = view.state === 'ready' || view.state === 'available';
    return is && minuteClock.now >= this.#quietUntil ? view : null;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  async load(): Promise<void> {
    try {
      this.#view = await this.#rpc.desktop((desktop) => desktop.updateView());
    } catch {
      // The next event brings it.
    }
  }

  update(view: UpdateView): void {
    // Another version is news again.
    if (versionOf(view) !== versionOf(this.#view)) this.#quietUntil = 0;
    this.#view = view;
    this.#problem = null;
  }

  later(): void {
    this.#quietUntil = minuteClock.now + LATER_MS;
  }

  /** Looks for a new version now; an event tells what came of it. */
  async look(): Promise<void> {
    await this.#attempt(() => this.#rpc.desktop((desktop) => desktop.updateLook()));
  }

  /** Ends the program and starts the new version. */
  async restart(): Promise<void> {
    await this.#attempt(async () => {
      await this.#leave();
      await this.#rpc.desktop((desktop) => desktop.updateInstall());
    });
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#problem = null;
    try {
      await action();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#busy = false;
    }
  }
}

function versionOf(view: UpdateView): string | null {
  return view.state === 'ready' || view.state === 'available' ? view.version : null;
}

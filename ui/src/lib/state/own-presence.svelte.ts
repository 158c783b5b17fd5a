import type { OwnPresenceView } from '../rpc/generated/OwnPresenceView';
import type { OwnShow } from '../rpc/generated/OwnShow';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';
import { type PresenceEnds, presenceEnds } from './own-presence-ends';

/** How we show ourselves to others, and when "do not disturb" ends. */
export class OwnPresence {
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #ends: PresenceEnds;
  readonly #unfollow: () => void;
  #view = $state.raw<OwnPresenceView>({ show: 'available', status: '' });
  #until = $state<number | null>(null);

  constructor(rpc: Rpc, account: string, now: () => number = Date.now) {
    this.#rpc = rpc;
    this.#account = account;
    this.#ends = presenceEnds(rpc, now);
    this.#unfollow = this.#ends.follow(account, (view) => this.#take(view));
  }

  get show(): OwnShow {
    return this.#view.show;
  }

  get status(): string {
    return this.#view.status;
  }

  /** When "do not disturb" ends by itself, in milliseconds since the Unix epoch. */
  get until(): number | null {
    return this.#until;
  }

  async load(): Promise<void> {
    try {
      this.#take(await this.#rpc.people.ownPresence(this.#account));
    } catch {
      return;
    }
    // Behind the lock of the window nothing could be ended.
    this.#ends.wake(this.#account);
  }

  /** Only "do not disturb" has an end. */
  set(show: OwnShow, until: number | null = null): Promise<boolean> {
    return this.attempt.run(`show ${show}`, async () => {
      await this.#tell({ show, status: this.#view.status }, until);
    });
  }

  setStatus(status: string): Promise<boolean> {
    const text = status.trim();
    if (text === this.#view.status) return Promise.resolve(true);
    return this.attempt.run('status', async () => {
      // How we show ourselves may have been chosen in the tray meanwhile.
      const { show } = await this.#rpc.people.ownPresence(this.#account);
      await this.#tell({ show, status: text }, this.#ends.of(this.#account));
    });
  }

  /** The end of "do not disturb" holds on. */
  close(): void {
    this.#unfollow();
  }

  async #tell(view: OwnPresenceView, until: number | null): Promise<void> {
    await this.#rpc.people.setPresence(this.#account, view);
    if (until === null) this.#ends.forget(this.#account);
    else this.#ends.set(this.#account, until);
    this.#take(view);
  }

  #take(view: OwnPresenceView): void {
    this.#view = view;
    if (view.show !== 'do-not-disturb') this.#ends.forget(this.#account);
    this.#until = this.#ends.of(this.#account);
  }
}

import type { OwnPresenceView } from '../rpc/generated/OwnPresenceView';
import type { OwnShow } from '../rpc/generated/OwnShow';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';
import { forget, keep, readKept } from './kept';

/** Timers cannot wait longer; one that ends early is set again. */
const LONGEST_TIMER_MS = 2_000_000_000;

/** How we show ourselves to others, and when "do not disturb" ends. */
export class OwnPresence {
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #now: () => number;
  #view = $state.raw<OwnPresenceView>({ show: 'available', status: '' });
  #until = $state<number | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(rpc: Rpc, account: string, now: () => number = Date.now) {
    this.#rpc = rpc;
    this.#account = account;
    this.#now = now;
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
      this.#view = await this.#rpc.people.ownPresence(this.#account);
    } catch {
      return;
    }
    const until = readUntil(this.#account);
    if (this.#view.show === 'do-not-disturb' && until !== null) this.#endAt(until);
    else this.#forget();
  }

  /** Only "do not disturb" has an end. */
  set(show: OwnShow, until: number | null = null): Promise<boolean> {
    return this.attempt.run(`show ${show}`, async () => {
      await this.#tell({ show, status: this.#view.status });
      if (show === 'do-not-disturb' && until !== null) this.#endAt(until);
      else this.#forget();
    });
  }

  setStatus(status: string): Promise<boolean> {
    const text = status.trim();
    if (text === this.#view.status) return Promise.resolve(true);
    return this.attempt.run('status', () => this.#tell({ show: this.#view.show, status: text }));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #tell(view: OwnPresenceView): Promise<void> {
    await this.#rpc.people.setPresence(this.#account, view);
    this.#view = view;
  }

  #endAt(until: number): void {
    clearTimeout(this.#timer);
    this.#until = until;
    keep(kept(this.#account), until);
    const left = until - this.#now();
    this.#timer = setTimeout(
      () => {
        if (this.#until !== until) return;
        if (this.#now() < until) this.#endAt(until);
        else void this.set('available');
      },
      Math.min(Math.max(0, left), LONGEST_TIMER_MS),
    );
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#until = null;
    forget(kept(this.#account));
  }
}

// The engine keeps how we show ourselves, not until when; this device does.
const kept = (account: string) => `do-not-disturb-until.${account}`;

function readUntil(account: string): number | null {
  return readKept(kept(account), (value) => (typeof value === 'number' ? value : null));
}

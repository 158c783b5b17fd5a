import { toApiError } from '../errors/api-failure';
import type { OwnPresenceView } from '../rpc/generated/OwnPresenceView';
import type { Rpc } from '../rpc/client';
import { keep, readKept } from './kept';

/** Timers cannot wait longer; one that ends early is set again. */
const LONGEST_TIMER_MS = 2_000_000_000;
/** After so long it is tried again, where the account could not be reached. */
export const RETRY_MS = 30_000;

type Shown = (view: OwnPresenceView) => void;

/**
 * When "do not disturb" ends, for each account. The engine keeps how we show
 * ourselves, not until when; this device does. An end holds also for an account
 * that is not shown any more.
 */
export class PresenceEnds {
  readonly #rpc: Rpc;
  readonly #now: () => number;
  readonly #ends: Map<string, number>;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #shown = new Map<string, Shown>();

  constructor(rpc: Rpc, now: () => number) {
    this.#rpc = rpc;
    this.#now = now;
    this.#ends = new Map(readKept(NAME, read));
    for (const account of this.#ends.keys()) this.wake(account);
  }

  of(account: string): number | null {
    return this.#ends.get(account) ?? null;
  }

  set(account: string, until: number): void {
    this.#ends.set(account, until);
    this.#keep();
    this.wake(account);
  }

  forget(account: string): void {
    clearTimeout(this.#timers.get(account));
    if (this.#ends.delete(account)) this.#keep();
  }

  /** Tells of the end, until the function that is returned is called. */
  follow(account: string, shown: Shown): () => void {
    this.#shown.set(account, shown);
    return () => {
      if (this.#shown.get(account) === shown) this.#shown.delete(account);
    };
  }

  /** Looks at the clock again: one that sleeps or waits to try again may be due. */
  wake(account: string): void {
    const until = this.#ends.get(account);
    if (until !== undefined) this.#wait(account, Math.max(0, until - this.#now()));
  }

  #wait(account: string, ms: number): void {
    clearTimeout(this.#timers.get(account));
    const timer = setTimeout(
      () => {
        const until = this.#ends.get(account);
        if (until === undefined) return;
        if (this.#now() < until) this.wake(account);
        else void this.#end(account, until);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    this.#timers.set(account, timer);
  }

  async #end(account: string, until: number): Promise<void> {
    try {
      const { show, status } = await this.#rpc.people.ownPresence(account);
      if (this.#ends.get(account) !== until) return;
      // Somebody may have chosen something else in the tray.
      const after: OwnPresenceView = {
        show: show === 'do-not-disturb' ? 'available' : show,
        status,
      };
      if (after.show !== show) await this.#rpc.people.setPresence(account, after);
      if (this.#ends.get(account) !== until) return;
      this.forget(account);
      this.#shown.get(account)?.(after);
    } catch (thrown) {
      if (this.#ends.get(account) !== until) return;
      // Signed out meanwhile. Else the window is locked, or the account is not open yet.
      if (toApiError(thrown).code === 'not-found') this.forget(account);
      else this.#wait(account, RETRY_MS);
    }
  }

  #keep(): void {
    keep(NAME, [...this.#ends]);
  }
}

const NAME = 'do-not-disturb-until';

function read(value: unknown): [string, number][] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter(
    (entry): entry is [string, number] =>
      Array.isArray(entry) &&
      entry.length === 2 &&
      typeof entry[0] === 'string' &&
      typeof entry[1] === 'number',
  );
}

const windows = new WeakMap<Rpc, PresenceEnds>();

/** Those of this window, which outlive the sessions in it. */
export function presenceEnds(rpc: Rpc, now: () => number): PresenceEnds {
  let ends = windows.get(rpc);
  if (!ends) {
    ends = new PresenceEnds(rpc, now);
    windows.set(rpc, ends);
  }
  return ends;
}

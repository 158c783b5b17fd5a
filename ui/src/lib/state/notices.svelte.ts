import type { Notice } from '../rpc/generated/Notice';
import type { Overview } from '../rpc/generated/Overview';
import type { Rpc } from '../rpc/client';

/** A bar above everything: what the engine has to tell, and that there is no keyring. */
export type NoticeBar = Notice | { type: 'keyring-unavailable' };

const KEYRING: NoticeBar = { type: 'keyring-unavailable' };

/** Things that are said once, until they are put away. */
export class Notices {
  readonly #rpc: Rpc;
  #fromEngine = $state.raw<Notice[]>([]);
  #putAway = $state.raw<ReadonlySet<string>>(new Set());
  #noKeyring = $state(false);
  #joinedNow = $state(false);
  #bars = $derived.by(() => {
    const all: NoticeBar[] = [...this.#fromEngine];
    // Who is asked at the start has read it there; this is for who has just joined.
    if (this.#noKeyring && this.#joinedNow) all.push(KEYRING);
    return all.filter((bar) => !this.#putAway.has(noticeKey(bar)));
  });

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  get bars(): readonly NoticeBar[] {
    return this.#bars;
  }

  update(overview: Overview): void {
    this.#fromEngine = overview.notices;
    // A notice that the engine has dropped may come again one day and is news then.
    const current = new Set([...overview.notices, KEYRING].map(noticeKey));
    this.#putAway = new Set([...this.#putAway].filter((key) => current.has(key)));
    this.#noKeyring = overview.secrets === 'ask-each-time';
  }

  /** An account was added in this run of the program. */
  joined(): void {
    this.#joinedNow = true;
  }

  /** The engine forgets its notices when the last one was put away. */
  dismiss(bar: NoticeBar): void {
    this.#putAway = new Set([...this.#putAway, noticeKey(bar)]);
    const allRead = this.#fromEngine.every((notice) => this.#putAway.has(noticeKey(notice)));
    if (bar.type !== 'keyring-unavailable' && allRead) {
      this.#rpc.dismissNotices().catch(() => undefined);
    }
  }
}

export function noticeKey(bar: NoticeBar): string {
  return JSON.stringify(bar);
}

import type { ConversationKey } from '../rpc/generated/ConversationKey';
import type { WindowAttention } from '../rpc/generated/WindowAttention';

/** The shell takes a window that has been silent for some of these for hung. */
const EVERY_MS = 30_000;

/** Says that the window is there, and what it shows: at once when that changes. */
export class Heartbeat {
  readonly #tell: (attention: WindowAttention) => void;
  #last: WindowAttention = { active: false, reading: null };

  constructor(tell: (attention: WindowAttention) => void) {
    this.#tell = tell;
  }

  /** Beats until the function that it returns is called. */
  start(): () => void {
    this.beat();
    const timer = setInterval(() => this.beat(), EVERY_MS);
    return () => clearInterval(timer);
  }

  /** Says once more what was said last. */
  beat(): void {
    this.#tell(this.#last);
  }

  update(active: boolean, reading: ConversationKey | null): void {
    const same =
      this.#last.active === active &&
      this.#last.reading?.account === reading?.account &&
      this.#last.reading?.conversation === reading?.conversation;
    if (same) return;
    this.#last = { active, reading };
    this.#tell(this.#last);
  }
}

/** So long after a reminder about a message there is no other. */
export const NUDGE_AGAIN_MS = 60 * 60_000;

/** Messages about which people were reminded; in memory only. */
export class Nudges {
  #recent = $state.raw<ReadonlySet<number>>(new Set());

  has(message: number): boolean {
    return this.#recent.has(message);
  }

  add(message: number): void {
    this.#recent = new Set([...this.#recent, message]);
    setTimeout(() => {
      const left = new Set(this.#recent);
      left.delete(message);
      this.#recent = left;
    }, NUDGE_AGAIN_MS);
  }
}

/** Conversations by when they were last open, for going back and forth between them. */
export class Recents {
  #order: string[] = [];
  /** Where the key that is still held has got to; null when none is. */
  #at: number | null = null;

  get order(): readonly string[] {
    return this.#order;
  }

  visit(id: string): void {
    if (this.#at !== null) return;
    this.#order = [id, ...this.#order.filter((one) => one !== id)];
  }

  /** The one before that, and again, as long as the key is held. */
  cycle(step: 1 | -1, known: (id: string) => boolean): string | undefined {
    this.#order = this.#order.filter(known);
    if (this.#order.length < 2) return undefined;
    this.#at = ((this.#at ?? 0) + step + this.#order.length) % this.#order.length;
    return this.#order[this.#at];
  }

  /** The key was let go: where we are is the latest. */
  settle(): void {
    const id = this.#at === null ? undefined : this.#order[this.#at];
    this.#at = null;
    if (id !== undefined) this.visit(id);
  }
}

/**
 * Runs the work when rung. Rings that come while it runs lead to one more run
 * after it, so a burst of events costs two requests instead of one each.
 */
export class Doorbell {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Resolves when a run that began after this call has ended. */
  ring(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#work();
      } while (this.#again);
    } finally {
      // In the same step as the last look at `again`: no ring falls between the two.
      this.#running = null;
    }
  }
}

/** The present, in steps of a minute: enough for "today" and "yesterday". */
class MinuteClock {
  #now = $state(Date.now());

  get now(): number {
    return this.#now;
  }

  /** Starts ticking; returns the stop function. */
  start(): () => void {
    this.#now = Date.now();
    const timer = setInterval(() => {
      this.#now = Date.now();
    }, 60_000);
    return () => clearInterval(timer);
  }
}

export const minuteClock = new MinuteClock();

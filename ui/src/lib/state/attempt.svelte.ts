import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';

/** Something that is asked of the engine by a button: whether it is under way, and why it failed. */
export class Attempt {
  #running = $state<string | null>(null);
  #failed = $state.raw<{ about: string; error: ApiError } | null>(null);

  get busy(): boolean {
    return this.#running !== null;
  }

  /** Name of what is under way. */
  get running(): string | null {
    return this.#running;
  }

  get problem(): ApiError | null {
    return this.#failed?.error ?? null;
  }

  /** Why it failed, if it was about this; where one attempt serves several places. */
  problemOf(about: string): ApiError | null {
    return this.#failed?.about === about ? this.#failed.error : null;
  }

  clear(): void {
    this.#failed = null;
  }

  /**
   * Whether it went well. A second press while the first is under way does nothing.
   * `about` is whom or what it concerns.
   */
  async run(name: string, work: () => Promise<unknown>, about = name): Promise<boolean> {
    if (this.#running !== null) return false;
    this.#running = name;
    this.#failed = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#failed = { about, error: toApiError(thrown) };
      return false;
    } finally {
      this.#running = null;
    }
  }
}

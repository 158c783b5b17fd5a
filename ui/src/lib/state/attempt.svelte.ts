import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';

/** Something that is asked of the engine by a button: whether it is under way, and why it failed. */
export class Attempt {
  #running = $state<string | null>(null);
  #problem = $state.raw<ApiError | null>(null);

  get busy(): boolean {
    return this.#running !== null;
  }

  /** Name of what is under way. */
  get running(): string | null {
    return this.#running;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  clear(): void {
    this.#problem = null;
  }

  /** Whether it went well. A second press while the first is under way does nothing. */
  async run(name: string, work: () => Promise<unknown>): Promise<boolean> {
    if (this.#running !== null) return false;
    this.#running = name;
    this.#problem = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
      return false;
    } finally {
      this.#running = null;
    }
  }
}

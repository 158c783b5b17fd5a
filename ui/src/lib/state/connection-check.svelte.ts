import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { CheckStep } from '../rpc/generated/CheckStep';
import type { CheckView } from '../rpc/generated/CheckView';
import type { Rpc } from '../rpc/client';

/** In the order in which they are tried. */
export const CHECK_STEPS: readonly CheckStep[] = [
  'address',
  'name',
  'reach',
  'certificate',
  'server',
];

export type StepState = 'ok' | 'failed' | 'not-tried';

/** Tries the way to a server, for who cannot sign in; needs no account. */
export class ConnectionCheck {
  readonly #rpc: Rpc;
  #busy = $state(false);
  #result = $state.raw<CheckView | null>(null);
  #problem = $state.raw<ApiError | null>(null);
  input = $state('');

  constructor(rpc: Rpc, input = '') {
    this.#rpc = rpc;
    this.input = input;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get result(): CheckView | null {
    return this.#result;
  }

  /** Why there was no check at all. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  /** How a step went, once there is a result. */
  stateOf(step: CheckStep): StepState {
    const failed = this.#result?.failed ?? null;
    if (failed === null) return 'ok';
    if (step === failed) return 'failed';
    return CHECK_STEPS.indexOf(step) < CHECK_STEPS.indexOf(failed) ? 'ok' : 'not-tried';
  }

  async run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#result = null;
    this.#problem = null;
    try {
      this.#result = await this.#rpc.connection.check(this.input.trim());
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#busy = false;
    }
  }
}

import { toApiError } from '../errors/api-failure';
import type { Rpc } from '../rpc/client';
import { FieldProblems } from './form.svelte';

/** What is done with the secret of the lock. */
export type LockDeed = 'choose' | 'change' | 'remove';

/** As the shell has it. */
const MIN_CHARS = 4;

/** The form that chooses, changes or takes away the secret of the window's lock. */
export class LockChoice {
  readonly deed: LockDeed;
  readonly problems = new FieldProblems<'old' | 'chosen' | 'again'>({
    'password-too-weak': 'chosen',
  });
  readonly #rpc: Rpc;
  #busy = $state(false);
  old = $state('');
  chosen = $state('');
  again = $state('');

  constructor(rpc: Rpc, deed: LockDeed) {
    this.#rpc = rpc;
    this.deed = deed;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get asksOld(): boolean {
    return this.deed !== 'choose';
  }

  get asksNew(): boolean {
    return this.deed !== 'remove';
  }

  /** Whether it was done. */
  async submit(): Promise<boolean> {
    if (this.#busy || !this.#check()) return false;
    const old = this.asksOld ? this.old : null;
    const chosen = this.asksNew ? this.chosen : null;
    this.#busy = true;
    try {
      await this.#rpc.desktop((desktop) => desktop.lockChoose(old, chosen));
      return true;
    } catch (thrown) {
      this.#refused(thrown);
      return false;
    } finally {
      this.#busy = false;
    }
  }

  #check(): boolean {
    const { problems } = this;
    problems.clear();
    if (this.asksOld && this.old === '') problems.set('old', { key: 'window-lock.missing' });
    if (this.asksNew) {
      if ([...this.chosen].length < MIN_CHARS) {
        problems.set('chosen', { key: 'window-lock.too-short' });
      } else if (this.chosen !== this.again) {
        problems.set('again', { key: 'window-lock.differs' });
      }
    }
    return !problems.any;
  }

  #refused(thrown: unknown): void {
    const error = toApiError(thrown);
    if (error.code === 'wrong-password') {
      this.problems.set('old', { error, key: 'window-lock.wrong' });
    } else if (error.code === 'server-busy') {
      this.problems.set('old', { error, key: 'window-lock.wait' });
    } else if (error.code === 'password-too-weak') {
      this.problems.set('chosen', { error, key: 'window-lock.too-short' });
    } else {
      this.problems.place(thrown);
    }
  }
}

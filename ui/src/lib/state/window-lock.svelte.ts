import type { Rpc } from '../rpc/client';
import type { LockView } from '../rpc/generated/LockView';
import { FieldProblems } from './form.svelte';

export const NO_LOCK: LockView = { ready: false, locked: false, wait_until_ms: null };

/** The lock of the window: a curtain, opened with a secret of this device. */
export class WindowLock {
  readonly problems = new FieldProblems<'secret'>({ 'password-too-weak': 'secret' });
  readonly #rpc: Rpc;
  #view = $state.raw<LockView>(NO_LOCK);
  #busy = $state(false);
  secret = $state('');

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  /** Whether a secret was chosen. */
  get ready(): boolean {
    return this.#view.ready;
  }

  get locked(): boolean {
    return this.#view.locked;
  }

  get busy(): boolean {
    return this.#busy;
  }

  update(view: LockView): void {
    this.#view = view;
    if (!view.locked) {
      this.secret = '';
      this.problems.clear();
    }
  }

  /** Locks, if there is a secret to open it with. */
  async now(): Promise<void> {
    if (!this.ready) return;
    // That it is locked comes as an event.
    await this.#rpc.desktop((desktop) => desktop.lockWindow()).catch(() => undefined);
  }

  async open(): Promise<void> {
    if (this.#busy) return;
    this.problems.clear();
    if (this.secret === '') {
      this.problems.set('secret', { key: 'form.password-missing' });
      return;
    }
    this.#busy = true;
    try {
      await this.#rpc.desktop((desktop) => desktop.lockOpen(this.secret));
    } catch (thrown) {
      const error = this.problems.place(thrown);
      if (error.code === 'wrong-password') {
        this.problems.clear();
        this.problems.set('secret', { error, key: 'window-lock.wrong' });
      } else if (error.code === 'server-busy') {
        this.problems.clear();
        this.problems.set('secret', { error, key: 'window-lock.wait' });
      }
    } finally {
      this.#busy = false;
    }
  }
}

import type { Rpc } from '../rpc/client';
import { FieldProblems } from './form.svelte';

/**
 * Asks the password of one account: at the start without a keyring, or after a wrong one.
 * Where it could not be opened for another reason, no password helps.
 */
export class Unlock {
  readonly problems = new FieldProblems<'password'>({
    'wrong-password': 'password',
    'password-too-weak': 'password',
  });
  readonly account: string;
  readonly #rpc: Rpc;
  #busy = $state(false);
  password = $state('');

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.account = account;
  }

  get busy(): boolean {
    return this.#busy;
  }

  async submit(): Promise<boolean> {
    if (this.#busy) return false;
    this.problems.clear();
    if (this.password === '') {
      this.problems.set('password', { key: 'form.password-missing' });
      return false;
    }
    this.#busy = true;
    try {
      await this.#rpc.unlock(this.account, this.password);
      this.password = '';
      return true;
    } catch (thrown) {
      const error = this.problems.place(thrown);
      // No user name was asked here, so the sentence speaks of the password alone.
      if (error.code === 'wrong-password') {
        this.problems.set('password', { error, key: 'unlock.wrong-password' });
      }
      return false;
    } finally {
      this.#busy = false;
    }
  }

  /** Tries to open it now; why that does not succeed, the account says. */
  async tryAgain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#rpc.unlock(this.account, '');
    } catch {
      // The list of accounts is read again in any case.
    } finally {
      this.#busy = false;
    }
  }
}

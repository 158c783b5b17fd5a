import type { Rpc } from '../rpc/client';
import { FieldProblems } from './form.svelte';

/** The form that gives an account another password. */
export class NewPassword {
  readonly problems = new FieldProblems<'current' | 'chosen' | 'again'>({});
  readonly #rpc: Rpc;
  readonly #account: string;
  #busy = $state(false);
  current = $state('');
  chosen = $state('');
  again = $state('');

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Whether this device has kept the new one; nothing if it was not changed. */
  async submit(): Promise<boolean | undefined> {
    if (this.#busy || !this.#check()) return undefined;
    this.#busy = true;
    try {
      const kept = await this.#rpc.changePassword(this.#account, this.current, this.chosen);
      this.current = '';
      this.chosen = '';
      this.again = '';
      return kept;
    } catch (thrown) {
      this.#refused(thrown);
      return undefined;
    } finally {
      this.#busy = false;
    }
  }

  #check(): boolean {
    const { problems } = this;
    problems.clear();
    if (this.current === '') problems.set('current', { key: 'password.current-missing' });
    if (this.chosen === '') problems.set('chosen', { key: 'form.password-missing' });
    else if (this.chosen === this.current) problems.set('chosen', { key: 'password.same' });
    else if (this.chosen !== this.again) problems.set('again', { key: 'password.differs' });
    return !problems.any;
  }

  #refused(thrown: unknown): void {
    const error = this.problems.place(thrown);
    const sentence = {
      'wrong-password': ['current', 'unlock.wrong-password'],
      'password-too-weak': ['chosen', 'password.too-weak'],
      'not-allowed': ['form', 'password.not-allowed'],
      'not-supported': ['form', 'password.not-supported'],
      // Whether it was changed is not known then, and either may be the right one.
      'timed-out': ['form', 'password.unsure'],
    } as const;
    if (!(error.code in sentence)) return;
    const [field, key] = sentence[error.code as keyof typeof sentence];
    this.problems.clear();
    this.problems.set(field, { error, key });
  }
}

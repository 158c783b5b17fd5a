import { toApiError } from '../errors/api-failure';
import type { JoinPreview } from '../rpc/generated/JoinPreview';
import type { Rpc } from '../rpc/client';
import { FieldProblems } from './form.svelte';

export type JoinField = 'input' | 'name' | 'password';

/** How long a text must rest before it is looked at. */
export const PREVIEW_DELAY_MS = 300;

/** The form "Join": a pasted text, what it leads to, then name and password. */
export class JoinForm {
  readonly problems = new FieldProblems<JoinField>({
    'input-empty': 'input',
    'input-not-understood': 'input',
    'link-damaged': 'input',
    'link-too-new': 'input',
    'navigation-not-trusted': 'input',
    'navigation-expired': 'input',
    'invite-not-valid': 'input',
    'server-unknown': 'input',
    'server-unreachable': 'input',
    'not-a-chat-server': 'input',
    'certificate-not-trusted': 'input',
    'sign-in-not-supported': 'input',
    'registration-closed': 'input',
    'already-joined': 'input',
    'name-taken': 'name',
    'name-invalid': 'name',
    'account-disabled': 'name',
    'wrong-password': 'password',
    'password-too-weak': 'password',
  });
  readonly #rpc: Rpc;
  #input = $state('');
  #preview = $state.raw<JoinPreview | null>(null);
  #looking = $state(false);
  #busy = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Numbers the looks, so that a slow answer cannot overwrite a newer one. */
  #look = 0;
  name = $state('');
  password = $state('');

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  get input(): string {
    return this.#input;
  }

  get preview(): JoinPreview | null {
    return this.#preview;
  }

  get looking(): boolean {
    return this.#looking;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** The text changed; it is looked at when it has rested. */
  setInput(input: string): void {
    if (input === this.#input) return;
    this.#input = input;
    this.#forget();
    if (input.trim() !== '') this.#timer = setTimeout(() => void this.look(), PREVIEW_DELAY_MS);
  }

  /** Looks at the text now. */
  async look(): Promise<boolean> {
    clearTimeout(this.#timer);
    if (this.#input.trim() === '') {
      this.problems.set('input', { key: 'join.input-missing' });
      return false;
    }
    const look = ++this.#look;
    this.#looking = true;
    try {
      const preview = await this.#rpc.previewJoin(this.#input.trim());
      if (look !== this.#look) return false;
      this.problems.clear();
      this.#preview = preview;
      if (preview.user !== null && this.name === '') this.name = preview.user;
      return true;
    } catch (thrown) {
      if (look === this.#look) this.problems.set('input', { error: toApiError(thrown) });
      return false;
    } finally {
      if (look === this.#look) this.#looking = false;
    }
  }

  /** Resolves with the id of the new account, or null if something must be mended first. */
  async submit(): Promise<string | null> {
    if (this.#busy) return null;
    if (!this.#preview) {
      await this.look();
      return null;
    }
    this.problems.clear();
    const signIn = this.#preview.kind === 'sign-in';
    if (this.name.trim() === '') {
      this.problems.set('name', { key: signIn ? 'form.user-missing' : 'form.name-missing' });
    }
    if (this.password === '') this.problems.set('password', { key: 'form.password-missing' });
    if (this.problems.any) return null;
    this.#busy = true;
    try {
      return await this.#rpc.join(this.#input.trim(), this.name.trim(), this.password);
    } catch (thrown) {
      this.problems.place(thrown);
      return null;
    } finally {
      this.#busy = false;
    }
  }

  close(): void {
    this.#forget();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#look += 1;
    this.#looking = false;
    this.#preview = null;
    this.problems.clear();
  }
}

import type { MessageKey } from '../i18n/keys';
import type { Rpc } from '../rpc/client';
import type { LockView } from '../rpc/generated/LockView';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import type { SystemSignIn } from '../rpc/generated/SystemSignIn';
import { FieldProblems } from './form.svelte';

export const NO_LOCK: LockView = {
  ready: false,
  locked: false,
  wait_until_ms: null,
  system: 'absent',
};

/** How the sign-in of the system is called there. */
export function systemSignIn(platform: string): MessageKey {
  if (platform === 'windows') return 'lock.system.windows';
  return platform === 'macos' ? 'lock.system.macos' : 'lock.system.linux';
}

/** The file without which there is no lock: the way out for who forgot the passcode. */
export function lockFile({ platform, home }: ShellInfo): string {
  return [home, 'profile', 'lock.json'].join(platform === 'windows' ? '\\' : '/');
}

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

  /** Whether the sign-in of the system opens it, too. */
  get system(): SystemSignIn {
    return this.#view.system;
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

  async letSystem(openIt: boolean): Promise<void> {
    await this.#rpc.desktop((desktop) => desktop.lockLetSystem(openIt)).catch(() => undefined);
  }

  /** Has the system ask who is there. */
  async openBySystem(): Promise<void> {
    if (this.#busy) return;
    this.problems.clear();
    this.#busy = true;
    try {
      await this.#rpc.desktop((desktop) => desktop.lockOpenBySystem());
    } catch (thrown) {
      const error = this.problems.place(thrown);
      const refused = error.code === 'not-allowed';
      this.problems.set('form', {
        error,
        key: refused ? 'window-lock.refused' : 'window-lock.unable',
      });
    } finally {
      this.#busy = false;
    }
  }

  async open(): Promise<void> {
    if (this.#busy) return;
    this.problems.clear();
    if (this.secret === '') {
      this.problems.set('secret', { key: 'window-lock.missing' });
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

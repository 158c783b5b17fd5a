import { apiError } from '../errors/api-failure';
import type { LockView } from '../rpc/generated/LockView';
import type { Opened } from '../rpc/generated/Opened';
import type { PickedFile } from '../rpc/generated/PickedFile';
import type { WindowAttention } from '../rpc/generated/WindowAttention';
import type { DesktopRuntime } from './desktop';

/** A desktop in memory, with the behaviour of the contract. */
export class FakeDesktop implements DesktopRuntime {
  readonly attentions: WindowAttention[] = [];
  readonly opened: string[] = [];
  /** What the person chooses in the next dialogs. */
  picked: PickedFile[] = [];
  where: string | null = null;
  lock: LockView = { ready: false, locked: false, wait_until_ms: null };
  #secret: string | null = null;
  readonly #changed: (lock: LockView) => void;

  constructor(changed: (lock: LockView) => void) {
    this.#changed = changed;
  }

  async attend(attention: WindowAttention): Promise<void> {
    this.attentions.push(attention);
  }

  async filesPick(): Promise<PickedFile[]> {
    return this.picked;
  }

  async fileAskWhere(): Promise<string | null> {
    return this.where;
  }

  async fileSaveAs(): Promise<string | null> {
    return this.where;
  }

  async fileSave(_source: string, name: string): Promise<string> {
    return `/home/lina/Downloads/${name}`;
  }

  async fileOpen(path: string): Promise<Opened> {
    this.opened.push(path);
    return /\.(exe|sh|bat)$/i.test(path) ? 'shown-in-folder' : 'opened';
  }

  async fileShow(path: string): Promise<void> {
    this.opened.push(path);
  }

  async lockView(): Promise<LockView> {
    return this.lock;
  }

  async lockWindow(): Promise<void> {
    if (!this.lock.ready) throw apiError('not-found');
    this.#setLock({ ...this.lock, locked: true });
  }

  async lockOpen(secret: string): Promise<void> {
    if (secret !== this.#secret) throw apiError('wrong-password');
    this.#setLock({ ...this.lock, locked: false });
  }

  async lockChoose(old: string | null, chosen: string | null): Promise<void> {
    if (this.#secret !== null && old !== this.#secret) throw apiError('wrong-password');
    if (chosen !== null && chosen.length < 4) throw apiError('password-too-weak');
    this.#secret = chosen;
    this.#setLock({ ready: chosen !== null, locked: false, wait_until_ms: null });
  }

  #setLock(lock: LockView): void {
    this.lock = lock;
    this.#changed(lock);
  }
}

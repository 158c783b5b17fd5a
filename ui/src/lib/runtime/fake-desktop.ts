import { apiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { FileInfo } from '../rpc/generated/FileInfo';
import type { LockView } from '../rpc/generated/LockView';
import type { Opened } from '../rpc/generated/Opened';
import type { UpdateView } from '../rpc/generated/UpdateView';
import type { WindowAttention } from '../rpc/generated/WindowAttention';
import type { DesktopRuntime } from './desktop';

/** A desktop in memory, with the behaviour of the contract. */
export class FakeDesktop implements DesktopRuntime {
  readonly attentions: WindowAttention[] = [];
  readonly opened: string[] = [];
  /** Files that were laid ready, and dragged out. */
  readonly dragged: string[] = [];
  /** Files on the clipboard of the system. */
  pasted: File[] = [];
  /** What the person chooses where they are asked for a place. */
  where: string | null = null;
  lock: LockView = { ready: false, locked: false, wait_until_ms: null, system: 'absent' };
  /** What the system says of who is there; an error code if it does not confirm it. */
  signIn: ApiError['code'] | 'confirmed' | 'cancelled' = 'confirmed';
  /** What a screen reader was to say. */
  readonly announced: string[] = [];
  /** What is on the screen; null if the person changes their mind. */
  screen: Blob | null | 'none' | 'drawn' = 'none';
  /** Pictures that were put onto the clipboard. */
  readonly copied: Blob[] = [];
  canCopy = true;
  /** New versions, and what was done about them. */
  newVersion: UpdateView = { state: 'none', checked_ms: null, failed: false };
  readonly updates: ('look' | 'install')[] = [];
  readonly #staged: Blob[] = [];
  #secret: string | null = null;
  readonly #changed: (lock: LockView) => void;

  constructor(changed: (lock: LockView) => void) {
    this.#changed = changed;
  }

  /** Whether somebody sits in front of the window. */
  somebodyIsThere = true;

  async announce(text: string): Promise<void> {
    this.announced.push(text);
  }

  async attend(attention: WindowAttention): Promise<boolean> {
    this.attentions.push(attention);
    return attention.active && this.somebodyIsThere;
  }

  async pastedFiles(): Promise<File[]> {
    return this.pasted;
  }

  async fileAskWhere(): Promise<string | null> {
    return this.where;
  }

  async fileStage(_account: string, bytes: Blob): Promise<number> {
    this.#staged.push(bytes);
    return this.#staged.length;
  }

  async fileInfo(): Promise<FileInfo> {
    throw apiError('not-found');
  }

  async fileRead(): Promise<ArrayBuffer> {
    throw apiError('not-found');
  }

  async fileSave(
    _account: string,
    message: number,
    index: number,
    path: string | null,
  ): Promise<string> {
    return path ?? `/home/lina/Downloads/${message}-${index}`;
  }

  async fileOpen(_account: string, message: number, index: number): Promise<Opened> {
    this.opened.push(`${message}-${index}`);
    return 'opened';
  }

  async fileShow(path: string): Promise<void> {
    this.opened.push(path);
  }

  async fileDragReady(_account: string, message: number, index: number): Promise<void> {
    this.dragged.push(`ready ${message}-${index}`);
  }

  async fileDrag(_account: string, message: number, index: number): Promise<void> {
    this.dragged.push(`${message}-${index}`);
  }

  async screenCapture(): Promise<Blob | null> {
    if (this.screen === 'none') throw apiError('not-supported');
    if (this.screen === 'drawn') return drawnScreen();
    return this.screen;
  }

  async pictureCopy(png: Blob): Promise<void> {
    if (!this.canCopy) throw apiError('not-supported');
    this.copied.push(png);
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

  async lockOpenBySystem(): Promise<void> {
    if (this.signIn === 'confirmed') this.#setLock({ ...this.lock, locked: false });
    else if (this.signIn !== 'cancelled') throw apiError(this.signIn);
  }

  async lockLetSystem(openIt: boolean): Promise<void> {
    this.#setLock({ ...this.lock, system: openIt ? 'on' : 'off' });
  }

  async lockChoose(old: string | null, chosen: string | null): Promise<void> {
    if (this.#secret !== null && old !== this.#secret) throw apiError('wrong-password');
    if (chosen !== null && chosen.length < 4) throw apiError('password-too-weak');
    this.#secret = chosen;
    this.#setLock({ ...this.lock, ready: chosen !== null, locked: false });
  }

  async updateView(): Promise<UpdateView> {
    return this.newVersion;
  }

  async updateLook(): Promise<void> {
    this.updates.push('look');
  }

  async updateInstall(): Promise<void> {
    if (this.newVersion.state !== 'ready') throw apiError('not-found');
    this.updates.push('install');
  }

  #setLock(lock: LockView): void {
    this.lock = lock;
    this.#changed(lock);
  }
}

/** A desktop with two windows, as large as a screen. */
function drawnScreen(): Promise<Blob> {
  const canvas = new OffscreenCanvas(1920, 1080);
  const context = canvas.getContext('2d');
  if (!context) throw apiError('not-supported');
  const fill = (colour: string, x: number, y: number, width: number, height: number) => {
    context.fillStyle = colour;
    context.fillRect(x, y, width, height);
  };
  fill('#31596b', 0, 0, 1920, 1080);
  fill('#f4f6f7', 160, 120, 1000, 720);
  fill('#c9d6da', 160, 120, 1000, 40);
  fill('#ffffff', 900, 380, 860, 560);
  fill('#d9c6b4', 900, 380, 860, 40);
  context.fillStyle = '#24343a';
  context.font = '28px sans-serif';
  for (let line = 0; line < 8; line += 1) {
    context.fillText(`Invoice 20${line}7 — 4,${line}20.00 EUR`, 220, 230 + line * 60);
    context.fillText(`客户编号 8800${line}`, 960, 480 + line * 54);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

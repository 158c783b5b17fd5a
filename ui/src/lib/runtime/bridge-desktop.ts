import { apiError } from '../errors/api-failure';
import type { FileInfo } from '../rpc/generated/FileInfo';
import type { LockView } from '../rpc/generated/LockView';
import type { Opened } from '../rpc/generated/Opened';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { UpdateView } from '../rpc/generated/UpdateView';
import type { WindowAttention } from '../rpc/generated/WindowAttention';
import type { DesktopRuntime } from './desktop';

export const NO_LOCK: LockView = {
  ready: false,
  locked: false,
  wait_until_ms: null,
  system: 'absent',
};

/** A browser is no desktop: it says that somebody looks, and has no files and no lock. */
export class BridgeDesktop implements DesktopRuntime {
  readonly #request: (request: Request) => Promise<Response>;

  constructor(request: (request: Request) => Promise<Response>) {
    this.#request = request;
  }

  async attend({ active }: WindowAttention): Promise<boolean> {
    await this.#request({ type: 'attention', active, idle_since_ms: null });
    return active;
  }

  async announce(): Promise<void> {
    // The browser says it by itself.
  }

  pastedFiles(): Promise<File[]> {
    return noDesktop();
  }

  fileAskWhere(): Promise<string | null> {
    return noDesktop();
  }

  fileStage(): Promise<number> {
    return noDesktop();
  }

  fileInfo(): Promise<FileInfo> {
    return noDesktop();
  }

  fileRead(): Promise<ArrayBuffer> {
    return noDesktop();
  }

  fileSave(): Promise<string> {
    return noDesktop();
  }

  fileOpen(): Promise<Opened> {
    return noDesktop();
  }

  fileShow(): Promise<void> {
    return noDesktop();
  }

  fileDragReady(): Promise<void> {
    return noDesktop();
  }

  fileDrag(): Promise<void> {
    return noDesktop();
  }

  screenCapture(): Promise<Blob | null> {
    return noDesktop();
  }

  pictureCopy(): Promise<void> {
    return noDesktop();
  }

  async lockView(): Promise<LockView> {
    return NO_LOCK;
  }

  lockWindow(): Promise<void> {
    return noDesktop();
  }

  lockOpen(): Promise<void> {
    return noDesktop();
  }

  lockOpenBySystem(): Promise<void> {
    return noDesktop();
  }

  lockLetSystem(): Promise<void> {
    return noDesktop();
  }

  lockChoose(): Promise<void> {
    return noDesktop();
  }

  async updateView(): Promise<UpdateView> {
    return { state: 'off', why: 'not-built-in' };
  }

  updateLook(): Promise<void> {
    return noDesktop();
  }

  updateInstall(): Promise<void> {
    return noDesktop();
  }
}

/** The desktop's commands reject with the bare object, not with an Error. */
export function noDesktop(): Promise<never> {
  return Promise.reject(apiError('not-supported'));
}

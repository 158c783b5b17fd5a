import type { FileInfo } from '../rpc/generated/FileInfo';
import type { LockView } from '../rpc/generated/LockView';
import type { Opened } from '../rpc/generated/Opened';
import type { UpdateView } from '../rpc/generated/UpdateView';
import type { WindowAttention } from '../rpc/generated/WindowAttention';

/** What only a desktop has. Rejects as the rest of the runtime does. */
export interface DesktopRuntime {
  /** The window says that it is there: when something changes, and each half minute. */
  attend(attention: WindowAttention): Promise<boolean>;
  /** Has a screen reader say something, where the web view does not. */
  announce(text: string): Promise<void>;
  /** The files that another program has put onto the clipboard. */
  pastedFiles(): Promise<File[]>;
  /** Asks where a file is to go. */
  fileAskWhere(name: string): Promise<string | null>;
  /** Hands bytes over that lie nowhere on the disk; resolves with their number. */
  fileStage(account: string, bytes: Blob): Promise<number>;
  /** What a file is that is on this device. */
  fileInfo(account: string, message: number, index: number): Promise<FileInfo>;
  /** At most 4 MiB of such a file. */
  fileRead(
    account: string,
    message: number,
    index: number,
    offset: number,
    length: number,
  ): Promise<ArrayBuffer>;
  /** Saves a file there, or without a path among the downloads; resolves with where. */
  fileSave(account: string, message: number, index: number, path: string | null): Promise<string>;
  /** Opens a file; what could act is shown in its folder instead. */
  fileOpen(account: string, message: number, index: number): Promise<Opened>;
  /** Shows a file that was saved in its folder. */
  fileShow(path: string): Promise<void>;
  /** Lays a file ready to be dragged out of the window. */
  fileDragReady(account: string, message: number, index: number): Promise<void>;
  /** Hands it to the pointer, whose button is held; resolves when it was let go. */
  fileDrag(account: string, message: number, index: number): Promise<void>;
  /** A picture of the screens without our window; none if the person changed their mind. */
  screenCapture(): Promise<Blob | null>;
  /** Puts a picture (PNG) onto the clipboard. */
  pictureCopy(png: Blob): Promise<void>;
  lockView(): Promise<LockView>;
  lockWindow(): Promise<void>;
  lockOpen(secret: string): Promise<void>;
  /** Has the system ask who is there; what came of it comes as an event. */
  lockOpenBySystem(): Promise<void>;
  /** Whether the sign-in of the system opens the lock, too. */
  lockLetSystem(openIt: boolean): Promise<void>;
  /** Chooses the secret of the lock; null takes it away. */
  lockChoose(old: string | null, chosen: string | null): Promise<void>;
  updateView(): Promise<UpdateView>;
  /** Looks for a new version now; an event tells what came of it. */
  updateLook(): Promise<void>;
  /** Ends the program and starts the version that is ready. */
  updateInstall(): Promise<void>;
}

import type { LockView } from '../rpc/generated/LockView';
import type { Opened } from '../rpc/generated/Opened';
import type { PickedFile } from '../rpc/generated/PickedFile';
import type { WindowAttention } from '../rpc/generated/WindowAttention';

/** What only a desktop has. Rejects as the rest of the runtime does. */
export interface DesktopRuntime {
  /** The window says that it is there: when something changes, and each half minute. */
  attend(attention: WindowAttention): Promise<void>;
  /** Asks for files to send; none if the person changed their mind. */
  filesPick(): Promise<PickedFile[]>;
  /** Asks where a file is to go. */
  fileAskWhere(name: string): Promise<string | null>;
  /** Saves a received file where the person says; resolves with where. */
  fileSaveAs(source: string, name: string): Promise<string | null>;
  /** Saves a received file among the downloads; resolves with where. */
  fileSave(source: string, name: string): Promise<string>;
  /** Opens a received or saved file; what could act is shown in its folder instead. */
  fileOpen(path: string): Promise<Opened>;
  fileShow(path: string): Promise<void>;
  lockView(): Promise<LockView>;
  lockWindow(): Promise<void>;
  lockOpen(secret: string): Promise<void>;
  /** Chooses the secret of the lock; null takes it away. */
  lockChoose(old: string | null, chosen: string | null): Promise<void>;
}

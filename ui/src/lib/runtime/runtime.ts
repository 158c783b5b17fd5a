import type { EmbeddedServerView } from '../rpc/generated/EmbeddedServerView';
import type { InviteView } from '../rpc/generated/InviteView';
import type { NewTeam } from '../rpc/generated/NewTeam';
import type { TeamSignIn } from '../rpc/generated/TeamSignIn';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { SettingProblem } from '../rpc/generated/SettingProblem';
import type { Settings } from '../rpc/generated/Settings';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import type { DesktopRuntime } from './desktop';

/** A file on its way out: its bytes are the web view's until they are handed over. */
export interface OutgoingFile {
  name: string;
  mediaType: string;
  bytes: Blob;
  width: number | null;
  height: number | null;
}

/** The files of messages; a file is named by its message and its place in it. */
export interface FileRuntime {
  /**
   * Hands files over, to be sent in this order; the caption goes with the first. Each is
   * told when it is on disk: one that is refused holds up those behind it only. When
   * `stop` is given, no more are handed over.
   */
  send(
    account: string,
    conversation: string,
    files: OutgoingFile[],
    caption: string,
    replyTo: number | null,
    handedOver?: (file: OutgoingFile) => void,
    stop?: AbortSignal,
  ): Promise<void>;
  /**
   * An address within the window that a picture or player can show. What nobody has
   * `asked` for comes only from people who are known, and if it is not large.
   */
  show(account: string, message: number, index: number, asked?: boolean): Promise<string>;
  /** Asks where, and saves it there. */
  save(account: string, message: number, index: number): Promise<void>;
  /** Opens it with the system's program for it; programs are never started. */
  open(account: string, message: number, index: number): Promise<void>;
  /**
   * Hands a file that is here to the pointer, for another program, unless its button
   * was `released` before the file is ready; resolves when it was let go.
   */
  drag(account: string, message: number, index: number, released: AbortSignal): Promise<void>;
}

/**
 * The program around the window. Every method rejects with an `ApiError`
 * object; `lib/rpc/client.ts` is the only caller.
 */
export interface Runtime {
  request(request: Request): Promise<Response>;
  /** Starts the stream of events; called once, before the first request. */
  subscribe(listener: (event: ShellEvent) => void): Promise<void>;
  shellInfo(): Promise<ShellInfo>;
  /** Size of the page in per cent. */
  zoomSet(percent: number): Promise<void>;
  /** Resolves with what could not be carried out. */
  settingsSet(settings: Settings): Promise<SettingProblem[]>;
  serverStatus(): Promise<EmbeddedServerView>;
  /** Resolves with the id of the account of the person who starts the server. */
  serverCreate(team: NewTeam): Promise<string>;
  /** Resolves with the id of the account of somebody who comes back to the server here. */
  serverSignIn(signIn: TeamSignIn): Promise<string>;
  serverStart(): Promise<void>;
  serverStop(): Promise<void>;
  serverInvite(): Promise<InviteView>;
  /** Opens a link with the system's program for it. */
  openLink(link: string): Promise<void>;
  /** Absent where files cannot be sent or fetched. */
  readonly files?: FileRuntime;
  showWindow(): Promise<void>;
  quit(): Promise<void>;
  /** The first frame with content is on screen. */
  painted(): Promise<void>;
  readonly desktop: DesktopRuntime;
}

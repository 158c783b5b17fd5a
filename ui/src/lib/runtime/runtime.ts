import type { EmbeddedServerView } from '../rpc/generated/EmbeddedServerView';
import type { InviteView } from '../rpc/generated/InviteView';
import type { NewTeam } from '../rpc/generated/NewTeam';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { SettingProblem } from '../rpc/generated/SettingProblem';
import type { Settings } from '../rpc/generated/Settings';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { ShellInfo } from '../rpc/generated/ShellInfo';

/**
 * The program around the window. Every method rejects with an `ApiError`
 * object; `lib/rpc/client.ts` is the only caller.
 */
export interface Runtime {
  request(request: Request): Promise<Response>;
  /** Starts the stream of events; called once, before the first request. */
  subscribe(listener: (event: ShellEvent) => void): Promise<void>;
  shellInfo(): Promise<ShellInfo>;
  /** Keeps the settings and carries them out; resolves with what could not be. */
  settingsSet(settings: Settings): Promise<SettingProblem[]>;
  /** Size of the page in per cent. */
  zoomSet(percent: number): Promise<void>;
  serverStatus(): Promise<EmbeddedServerView>;
  /** Resolves with the id of the account of the person who starts the server. */
  serverCreate(team: NewTeam): Promise<string>;
  serverStart(): Promise<void>;
  serverStop(): Promise<void>;
  serverInvite(): Promise<InviteView>;
  showWindow(): Promise<void>;
  quit(): Promise<void>;
  /** The first frame with content is on screen. */
  painted(): Promise<void>;
}

import { ApiFailure, apiError, toApiError } from '../errors/api-failure';
import type { DesktopRuntime } from '../runtime/desktop';
import type { FileRuntime, Runtime } from '../runtime/runtime';
import type { Ask, ResponseType, ValueOf } from './client-ask';
import { ConnectionRpc } from './client-connection';
import { FilesRpc } from './client-files';
import { MessagesRpc } from './client-messages';
import { PeopleRpc } from './client-people';
import { RoomsRpc } from './client-rooms';
import type { ContactView } from './generated/ContactView';
import type { ConversationPage } from './generated/ConversationPage';
import type { ConversationRequest } from './generated/ConversationRequest';
import type { DeviceEndedView } from './generated/DeviceEndedView';
import type { DevicesView } from './generated/DevicesView';
import type { EmbeddedServerView } from './generated/EmbeddedServerView';
import type { FileFilter } from './generated/FileFilter';
import type { FilePage } from './generated/FilePage';
import type { InviteView } from './generated/InviteView';
import type { JoinPreview } from './generated/JoinPreview';
import type { MessageWindow } from './generated/MessageWindow';
import type { NameHit } from './generated/NameHit';
import type { NewTeam } from './generated/NewTeam';
import type { TeamSignIn } from './generated/TeamSignIn';
import type { Overview } from './generated/Overview';
import type { Request } from './generated/Request';
import type { SearchPage } from './generated/SearchPage';
import type { SearchRequest } from './generated/SearchRequest';
import type { SettingProblem } from './generated/SettingProblem';
import type { Settings } from './generated/Settings';
import type { ShellEvent } from './generated/ShellEvent';
import type { ShellInfo } from './generated/ShellInfo';
import type { StorageView } from './generated/StorageView';
import type { WindowAnchor } from './generated/WindowAnchor';

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What a person decides about one conversation. */
export type Decision = Without<
  Extract<
    ConversationRequest,
    {
      action: 'set-notify' | 'pin' | 'unpin' | 'archive' | 'mark-unread' | 'remove' | 'clear-cache';
    }
  >,
  'account'
>;

export type FindRequest = Extract<SearchRequest, { action: 'find' | 'find-on-server' }>;

/**
 * The contract as methods. Every method throws an `ApiFailure` and nothing
 * else; no other code calls the runtime.
 */
export class Rpc {
  readonly messaging: MessagesRpc;
  readonly connection: ConnectionRpc;
  readonly transfers: FilesRpc;
  readonly people: PeopleRpc;
  readonly rooms: RoomsRpc;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    const ask: Ask = (request, expected) => this.#ask(request, expected);
    this.people = new PeopleRpc(ask);
    this.rooms = new RoomsRpc(ask);
    this.messaging = new MessagesRpc(ask);
    this.connection = new ConnectionRpc(ask);
    this.transfers = new FilesRpc(ask);
  }

  /** What the program around the window can do with files; nothing where it cannot. */
  get files(): FileRuntime | undefined {
    return this.#runtime.files;
  }

  /** Opens a link outside, after it was checked. */
  openLink(link: string): Promise<void> {
    return this.#guard(() => this.#runtime.openLink(link));
  }

  overview(): Promise<Overview> {
    return this.#ask({ type: 'overview' }, 'overview');
  }

  dismissNotices(): Promise<void> {
    return this.#ask({ type: 'dismiss-notices' }, 'done');
  }

  previewJoin(input: string): Promise<JoinPreview> {
    return this.#ask({ type: 'preview-join', input }, 'join-preview');
  }

  /** Resolves with the id of the new account. */
  join(input: string, name: string, password: string): Promise<string> {
    return this.#ask({ type: 'join', input, name, password }, 'account');
  }

  unlock(account: string, password: string): Promise<void> {
    return this.#ask({ type: 'unlock', account, password }, 'done');
  }

  /** Whether this device has kept the new one as it kept the one before. */
  changePassword(account: string, current: string, chosen: string): Promise<boolean> {
    return this.#ask(
      { type: 'change-password', account, current, new: chosen },
      'password-changed',
    );
  }

  signOut(account: string, wipe: boolean): Promise<void> {
    return this.#ask({ type: 'sign-out', account, wipe }, 'done');
  }

  reconnectNow(account: string): Promise<void> {
    return this.#ask({ type: 'reconnect-now', account }, 'done');
  }

  /** A part of the list, put-away conversations too. */
  conversations(account: string, skip: number, limit: number): Promise<ConversationPage> {
    return this.#ask(
      { type: 'conversation', action: 'page', account, which: 'all', skip, limit },
      'conversation-page',
    );
  }

  /** Those of these conversations that are in the list, and how many are. */
  conversationRows(account: string, conversations: string[]): Promise<ConversationPage> {
    return this.#ask(
      { type: 'conversation', action: 'rows', account, conversations },
      'conversation-page',
    );
  }

  decide(account: string, decision: Decision): Promise<void> {
    return this.#ask({ type: 'conversation', account, ...decision }, 'done');
  }

  /** What the account takes up on this device. */
  storage(account: string): Promise<StorageView> {
    return this.#ask({ type: 'conversation', action: 'storage', account }, 'storage');
  }

  /** What has access to the account. */
  devices(account: string): Promise<DevicesView> {
    return this.#ask({ type: 'devices', action: 'list', account }, 'devices');
  }

  /** Signs a device out. */
  endDevice(account: string, device: string): Promise<DeviceEndedView> {
    return this.#ask({ type: 'devices', action: 'end', account, device }, 'device-ended');
  }

  /** Files of the account, the newest first. */
  fileList(
    account: string,
    kind: FileFilter,
    text: string,
    before: string | null,
    limit: number,
  ): Promise<FilePage> {
    return this.#ask(
      {
        type: 'files',
        action: 'list',
        account,
        conversation: null,
        kind,
        text,
        before,
        limit,
      },
      'file-page',
    );
  }

  /** Takes files that were fetched from this device. */
  clearFiles(account: string): Promise<void> {
    return this.#ask({ type: 'files', action: 'clear', account }, 'done');
  }

  /** The room stays in the list with what was said in it. */
  leaveRoom(account: string, room: string): Promise<void> {
    return this.#ask({ type: 'rooms', action: 'leave', account, room, forget: false }, 'done');
  }

  findMessages(request: FindRequest): Promise<SearchPage> {
    return this.#ask({ type: 'search', ...request }, 'search-page');
  }

  findNames(account: string | null, text: string, limit: number): Promise<NameHit[]> {
    return this.#ask({ type: 'search', action: 'names', account, text, limit }, 'names');
  }

  contacts(account: string): Promise<ContactView[]> {
    return this.#ask({ type: 'contacts', account }, 'contacts');
  }

  /** Resolves with the id of the conversation. */
  startConversation(account: string, contact: string): Promise<string> {
    return this.#ask({ type: 'start-conversation', account, contact }, 'conversation');
  }

  messages(
    account: string,
    conversation: string,
    anchor: WindowAnchor,
    limit: number,
  ): Promise<MessageWindow> {
    return this.#ask({ type: 'messages', account, conversation, anchor, limit }, 'messages');
  }

  /** Resolves with the local id once the message is on disk. */
  sendMessage(account: string, conversation: string, text: string): Promise<number> {
    return this.#ask({ type: 'send-message', account, conversation, text }, 'message');
  }

  /** Enters a room under the account's own name. */
  joinRoom(account: string, room: string): Promise<void> {
    const request = { account, room, nick: null, password: null } as const;
    return this.#ask({ type: 'rooms', action: 'join', ...request }, 'done');
  }

  retryMessage(account: string, message: number): Promise<void> {
    return this.#ask({ type: 'retry-message', account, message }, 'done');
  }

  deleteMessage(account: string, message: number): Promise<void> {
    return this.#ask({ type: 'delete-message', account, message }, 'done');
  }

  setDraft(account: string, conversation: string, text: string): Promise<void> {
    return this.#ask({ type: 'set-draft', account, conversation, text }, 'done');
  }

  setTyping(account: string, conversation: string, typing: boolean): Promise<void> {
    return this.#ask({ type: 'set-typing', account, conversation, typing }, 'done');
  }

  markDisplayed(account: string, conversation: string, message: number): Promise<void> {
    return this.#ask({ type: 'mark-displayed', account, conversation, message }, 'done');
  }

  subscribe(listener: (event: ShellEvent) => void): Promise<void> {
    return this.#guard(() => this.#runtime.subscribe(listener));
  }

  shellInfo(): Promise<ShellInfo> {
    return this.#guard(() => this.#runtime.shellInfo());
  }

  settingsSet(settings: Settings): Promise<SettingProblem[]> {
    return this.#guard(() => this.#runtime.settingsSet(settings));
  }

  zoomSet(percent: number): Promise<void> {
    return this.#guard(() => this.#runtime.zoomSet(percent));
  }

  serverStatus(): Promise<EmbeddedServerView> {
    return this.#guard(() => this.#runtime.serverStatus());
  }

  serverCreate(team: NewTeam): Promise<string> {
    return this.#guard(() => this.#runtime.serverCreate(team));
  }

  serverSignIn(signIn: TeamSignIn): Promise<string> {
    return this.#guard(() => this.#runtime.serverSignIn(signIn));
  }

  serverStart(): Promise<void> {
    return this.#guard(() => this.#runtime.serverStart());
  }

  serverStop(): Promise<void> {
    return this.#guard(() => this.#runtime.serverStop());
  }

  serverInvite(): Promise<InviteView> {
    return this.#guard(() => this.#runtime.serverInvite());
  }

  showWindow(): Promise<void> {
    return this.#guard(() => this.#runtime.showWindow());
  }

  quit(): Promise<void> {
    return this.#guard(() => this.#runtime.quit());
  }

  painted(): Promise<void> {
    return this.#guard(() => this.#runtime.painted());
  }

  /** What only a desktop has. */
  desktop<T>(call: (desktop: DesktopRuntime) => Promise<T>): Promise<T> {
    return this.#guard(() => call(this.#runtime.desktop));
  }

  async #ask<T extends ResponseType>(request: Request, expected: T): Promise<ValueOf<T>> {
    const response = await this.#guard(() => this.#runtime.request(request));
    if (response.type !== expected) {
      const error = apiError('internal');
      error.detail = `${request.type} was answered by ${response.type}`;
      throw new ApiFailure(error);
    }
    return ('value' in response ? response.value : undefined) as ValueOf<T>;
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw new ApiFailure(toApiError(thrown));
    }
  }
}

import { apiError } from '../errors/api-failure';
import type { AccountView } from '../rpc/generated/AccountView';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ConnectionView } from '../rpc/generated/ConnectionView';
import type { ContactView } from '../rpc/generated/ContactView';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { DeliveryView } from '../rpc/generated/DeliveryView';
import type { DeliveryState } from '../rpc/generated/DeliveryState';
import type { EmbeddedServerView } from '../rpc/generated/EmbeddedServerView';
import type { Event } from '../rpc/generated/Event';
import type { InviteView } from '../rpc/generated/InviteView';
import type { MessagePlace } from '../rpc/generated/MessagePlace';
import type { MessageView } from '../rpc/generated/MessageView';
import type { NewTeam } from '../rpc/generated/NewTeam';
import type { TeamSignIn } from '../rpc/generated/TeamSignIn';
import type { Overview } from '../rpc/generated/Overview';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SettingProblem } from '../rpc/generated/SettingProblem';
import type { Settings } from '../rpc/generated/Settings';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import { FakePeople } from './fake-people';
import { FakeRooms } from './fake-rooms';
import { decide } from './fake-decisions';
import { FakeConnection } from './fake-connection';
import { FakeDevices } from './fake-devices';
import { FakeDesktop } from './fake-desktop';
import { fileList } from './fake-file-list';
import { FakeFiles } from './fake-files';
import { FakeMessages } from './fake-messages';
import { FakeServer } from './fake-server';
import { FakeTraffic } from './fake-traffic';
import { preview } from './fake-preview';
import { search } from './fake-search';
import { FakeTalks } from './fake-talks';
import { FakeTransfers } from './fake-transfers';
import { history, type Line, ME, MY_NAME, people, TEAM } from './fixtures';
import { USUAL_SETTINGS } from '../state/usual-settings';
import type { Runtime } from './runtime';

export const ACCOUNT = 'account-1';

/** What `request` of the contract or command of the shell a planned failure is for. */
export type Call = Request['type'] | keyof Runtime;

/**
 * A team in memory with the behaviour of the contract. Nothing happens by
 * itself unless `lively`: tests make the other side act.
 */
export class FakeRuntime implements Runtime {
  readonly calls: Request[] = [];
  /** Commands of the shell that were called, by name. */
  readonly commands: (keyof Runtime)[] = [];
  now: () => number = () => Date.now();
  lively = false;
  overview: Overview = { accounts: [], secrets: 'keyring', notices: [] };
  shell: ShellInfo = {
    version: '0.1.0',
    platform: 'linux',
    system_locale: 'en-GB',
    home: '/home/lina/.local/share/startalk',
    default_port: 5280,
    start_link: null,
    settings: USUAL_SETTINGS,
    tray: true,
    read_aloud: false,
    lock: { ready: false, locked: false, wait_until_ms: null, system: 'absent' },
    fatal: null,
  };
  /** What the desktop refuses to do of the settings. */
  settingProblems: SettingProblem[] = [];
  /** Size of the page in per cent, as it was asked for last. */
  zoom = 100;
  readonly desktop = new FakeDesktop((lock) => this.#listener({ type: 'lock-changed', lock }));
  contacts: ContactView[] = [];
  readonly account = ACCOUNT;
  readonly me = ME;
  readonly myName = MY_NAME;
  readonly people = new FakePeople(this);
  readonly rooms = new FakeRooms(this);
  readonly #talks = new FakeTalks(this);
  readonly talks = this.#talks.all;
  readonly devices = new FakeDevices();
  /** Messages that only the server has. */
  onServer: SearchHit[] = [];
  /** Who has a message, if it is to be others than its state says. */
  deliveries: DeliveryView[] | null = null;
  #listener: (event: ShellEvent) => void = () => undefined;
  #failures = new Map<Call, ApiError>();
  readonly #traffic = new FakeTraffic({
    talks: this.#talks,
    onServer: () => this.onServer,
    online: () => this.overview.accounts[0]?.connection.state === 'online',
    later: (ms, act) => {
      if (this.lively) setTimeout(act, ms);
    },
    changed: (conversation) => this.#changed(conversation),
    rowChanged: (conversation) => this.#rowChanged(conversation),
    setTyping: (conversation, typing) => this.setTyping(conversation, typing),
  });
  readonly #doing = {
    find: (id: number) => this.#talks.find(id)[1],
    change: (id: number, change: Partial<MessageView>) => this.#traffic.change(id, change),
    send: (address: string, text: string, more?: Partial<MessageView>) =>
      this.#traffic.send(address, text, more),
    now: () => this.now(),
    deliveries: () => this.deliveries,
    locate: (conversation: string, place: MessagePlace) =>
      this.#traffic.locate(conversation, place),
  };
  readonly #messages = new FakeMessages(this.#doing);
  readonly #server = new FakeServer({
    pause: (ms) => this.#pause(ms),
    now: () => this.now(),
    others: () => this.contacts.filter(({ presence }) => presence !== 'offline').length,
    changed: (server) => this.#listener({ type: 'server', server }),
    setConnection: (connection) => this.setConnection(connection),
    addAccount: (account) => this.withAccount(account),
  });
  /** The way to the servers. */
  readonly connection = new FakeConnection({
    problem: () => {
      const connection = this.overview.accounts[0]?.connection;
      return connection && 'error' in connection ? connection.error : null;
    },
    connect: () => this.setConnection({ state: 'online' }),
  });
  /** Files on their way. */
  readonly transfers = new FakeTransfers({
    where: (id) => this.#talks.find(id)[0],
    arrived: (id) => this.#traffic.uploaded(id),
    remove: (id) => this.#traffic.remove(id),
    changed: () => this.emit({ type: 'transfers-changed', account: ACCOUNT }),
  });

  /** Files can be sent and fetched. */
  withFiles(): this {
    this.files = new FakeFiles(this.#doing);
    return this;
  }

  /** An account with the fixtures' people and history, and what was `before` it. */
  withTeam(account: Partial<AccountView> = {}, before: Record<string, Line[]> = {}): this {
    this.withAccount(account);
    this.contacts = people.map((contact) => ({ ...contact }));
    for (const [address, lines] of Object.entries(history)) {
      this.fill(address, [...(before[address] ?? []), ...lines]);
    }
    return this;
  }

  /** An account without anybody else. */
  withAccount(account: Partial<AccountView> = {}): this {
    this.overview.accounts.push({
      id: ACCOUNT,
      address: ME,
      display_name: MY_NAME,
      server_name: TEAM,
      unlocked: true,
      connection: { state: 'online' },
      unread: 0,
      preview_limit: 'anything',
      ...account,
    });
    return this;
  }

  /** Puts history into a conversation; all of it counts as read. */
  fill(address: string, lines: readonly Line[]): MessageView[] {
    const talk = this.#talks.of(address);
    const added = lines.map((line) => this.#talks.add(talk, line));
    talk.readUpTo = this.#talks.lastId;
    return added;
  }

  /** The next call of this kind fails. */
  failNext(call: Call, code: ApiError['code'], values: Record<string, string> = {}): void {
    this.#failures.set(call, apiError(code, values));
  }

  /** Name of a room; nothing for what is none. */
  readonly room = (address: string): string | undefined => this.rooms.name(address);

  /** Makes sure that there is a conversation. */
  open(address: string): void {
    this.#talks.of(address);
  }

  /** A message comes in. */
  receive(address: string, text: string, more: Partial<MessageView> = {}): MessageView {
    return this.#traffic.receive(address, text, more);
  }

  /** A conversation's row says something else. */
  setRow(address: string, row: Partial<ConversationView>): void {
    Object.assign(this.#talks.of(address).row, row);
    this.#rowChanged(address);
  }

  setTyping(address: string, typing: boolean): void {
    this.#talks.of(address).typing = typing;
    this.#rowChanged(address);
  }

  setDelivery(id: number, delivery: DeliveryState): void {
    this.#traffic.setDelivery(id, delivery);
  }

  setConnection(connection: ConnectionView): void {
    const account = this.overview.accounts[0];
    if (account) account.connection = connection;
    this.emit({ type: 'connection-changed', account: ACCOUNT, connection });
  }

  get server(): EmbeddedServerView {
    return this.#server.view;
  }

  set server(server: EmbeddedServerView) {
    this.#server.view = server;
  }

  setServer(server: EmbeddedServerView): void {
    this.#server.set(server);
  }

  emit(event: Event): void {
    this.#listener({ type: 'engine', event });
  }

  push(event: ShellEvent): void {
    this.#listener(event);
  }

  countOf(type: Request['type']): number {
    return this.calls.filter((call) => call.type === type).length;
  }

  async request(request: Request): Promise<Response> {
    this.calls.push(request);
    await this.#pause();
    this.#failIfPlanned(request.type);
    switch (request.type) {
      case 'overview':
        return { type: 'overview', value: structuredClone(this.overview) };
      case 'dismiss-notices':
        this.overview.notices = [];
        this.emit({ type: 'accounts-changed' });
        return { type: 'done' };
      case 'preview-join':
        return { type: 'join-preview', value: preview(request.input) };
      case 'join':
        return { type: 'account', value: this.#join(request) };
      case 'unlock':
        return this.#unlock(request.password);
      case 'change-password':
        return this.devices.changePassword(request.current, request.new);
      case 'sign-out':
        this.overview.accounts = this.overview.accounts.filter(({ id }) => id !== request.account);
        this.emit({ type: 'accounts-changed' });
        return { type: 'done' };
      case 'reconnect-now':
        this.setConnection({ state: 'connecting' });
        if (this.lively) setTimeout(() => this.setConnection({ state: 'online' }), 900);
        return { type: 'done' };
      case 'conversations':
        return { type: 'conversations', value: this.#talks.rows() };
      case 'contacts':
        return { type: 'contacts', value: structuredClone(this.contacts) };
      case 'start-conversation':
      case 'messages':
      case 'send-message':
      case 'retry-message':
      case 'delete-message':
      case 'set-draft':
      case 'set-typing':
      case 'mark-displayed':
        return this.#traffic.answer(request);
      case 'message':
        return this.#messages.answer(request);
      case 'files':
        if (request.action === 'list') return fileList(request, this.talks);
        if (request.action === 'clear') return { type: 'done' };
        return this.transfers.answer(request);
      case 'search':
        return search(request, ACCOUNT, this);
      case 'people':
        return this.people.answer(request);
      case 'connection':
        return this.connection.answer(request);
      case 'devices':
        return this.devices.answer(request);
      case 'rooms':
        return this.rooms.answer(request);
      case 'conversation': {
        const answer = decide(this.#talks, request);
        if ('conversation' in request) this.#changed(request.conversation);
        if (request.action === 'pin' || request.action === 'unpin') {
          this.emit({ type: 'conversations-changed', account: ACCOUNT });
        }
        return answer;
      }
      default:
        // What no screen asks for yet.
        throw apiError('not-supported');
    }
  }

  async subscribe(listener: (event: ShellEvent) => void): Promise<void> {
    this.#command('subscribe');
    this.#listener = listener;
  }

  async shellInfo(): Promise<ShellInfo> {
    this.#command('shellInfo');
    return structuredClone(this.shell);
  }

  async settingsSet(settings: Settings): Promise<SettingProblem[]> {
    this.#command('settingsSet');
    this.shell.settings = { ...settings };
    return this.settingProblems;
  }

  async zoomSet(percent: number): Promise<void> {
    this.#command('zoomSet');
    this.zoom = percent;
  }

  async serverStatus(): Promise<EmbeddedServerView> {
    this.#command('serverStatus');
    return structuredClone(this.server);
  }

  async serverCreate(team: NewTeam): Promise<string> {
    this.#command('serverCreate');
    await this.#server.create(team);
    return ACCOUNT;
  }

  async serverSignIn(signIn: TeamSignIn): Promise<string> {
    this.#command('serverSignIn');
    await this.#server.signIn(signIn);
    return ACCOUNT;
  }

  async serverStart(): Promise<void> {
    this.#command('serverStart');
    await this.#server.start();
  }

  async serverStop(): Promise<void> {
    this.#command('serverStop');
    this.#server.stop();
  }

  async serverInvite(): Promise<InviteView> {
    this.#command('serverInvite');
    return this.#server.invite();
  }

  /** Links that were opened outside. */
  readonly opened: string[] = [];
  /** Set where files can be sent and fetched. */
  files?: FakeFiles;

  async openLink(link: string): Promise<void> {
    this.#command('openLink');
    this.opened.push(link);
  }

  async showWindow(): Promise<void> {
    this.#command('showWindow');
  }

  async quit(): Promise<void> {
    this.#command('quit');
  }

  async painted(): Promise<void> {
    this.#command('painted');
  }

  #command(name: keyof Runtime): void {
    this.commands.push(name);
    this.#failIfPlanned(name);
  }

  #failIfPlanned(call: Call): void {
    const error = this.#failures.get(call);
    if (!error) return;
    this.#failures.delete(call);
    // The desktop's commands reject with the bare object, not with an Error.
    throw error;
  }

  #pause(ms = 30): Promise<void> {
    return this.lively ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
  }

  #changed(address: string): void {
    this.emit({ type: 'messages-changed', account: ACCOUNT, conversation: address });
    this.#rowChanged(address);
  }

  #rowChanged(conversation: string): void {
    this.emit({ type: 'conversation-changed', account: ACCOUNT, conversation });
  }

  #join({ input, name }: { input: string; name: string }): string {
    const { server_name } = preview(input);
    this.withTeam({ server_name, display_name: name });
    this.emit({ type: 'accounts-changed' });
    return ACCOUNT;
  }

  #unlock(password: string): Response {
    if (password === 'wrong') throw apiError('wrong-password');
    const account = this.overview.accounts[0];
    if (account) {
      account.unlocked = true;
      account.connection = { state: 'online' };
    }
    this.emit({ type: 'accounts-changed' });
    return { type: 'done' };
  }
}

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
import { preview } from './fake-preview';
import { search } from './fake-search';
import { FakeTalks } from './fake-talks';
import { FakeTransfers } from './fake-transfers';
import { fakeQr, history, type Line, ME, MY_NAME, people, plain, TEAM } from './fixtures';
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
  server: EmbeddedServerView = { state: 'none' };
  shell: ShellInfo = {
    version: '0.1.0',
    platform: 'linux',
    system_locale: 'en-GB',
    home: '/home/lina/.local/share/startalk',
    default_port: 5280,
    start_link: null,
    settings: USUAL_SETTINGS,
    tray: true,
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
  readonly #doing = {
    find: (id: number) => this.#talks.find(id)[1],
    change: (id: number, change: Partial<MessageView>) => this.#change(id, change),
    send: (address: string, text: string, more?: Partial<MessageView>) =>
      this.#send(address, text, more),
    now: () => this.now(),
    deliveries: () => this.deliveries,
    locate: (conversation: string, place: MessagePlace) => this.#locate(conversation, place),
  };
  readonly #messages = new FakeMessages(this.#doing);
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
    arrived: (id) => this.#arrived(id),
    remove: (id) => this.#remove(id),
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
    const talk = this.#talks.of(address);
    talk.typing = false;
    const message = this.#talks.add(talk, { direction: 'incoming', text, ago: 0, more });
    this.#changed(address);
    return message;
  }

  /** A conversation's row says something else. */
  setRow(address: string, row: Partial<ConversationView>): void {
    Object.assign(this.#talks.of(address).row, row);
    this.emit({ type: 'conversations-changed', account: ACCOUNT });
  }

  setTyping(address: string, typing: boolean): void {
    this.#talks.of(address).typing = typing;
    this.emit({ type: 'conversations-changed', account: ACCOUNT });
  }

  setDelivery(id: number, delivery: DeliveryState): void {
    this.#change(id, { delivery });
  }

  setConnection(connection: ConnectionView): void {
    const account = this.overview.accounts[0];
    if (account) account.connection = connection;
    this.emit({ type: 'connection-changed', account: ACCOUNT, connection });
  }

  setServer(server: EmbeddedServerView): void {
    this.server = server;
    this.#listener({ type: 'server', server });
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
      case 'sign-out':
        this.overview.accounts = this.overview.accounts.filter(({ id }) => id !== request.account);
        this.emit({ type: 'accounts-changed' });
        return { type: 'done' };
      case 'reconnect-now':
        this.setConnection({ state: 'connecting' });
        this.#later(900, () => this.setConnection({ state: 'online' }));
        return { type: 'done' };
      case 'conversations':
        return { type: 'conversations', value: this.#talks.rows() };
      case 'contacts':
        return { type: 'contacts', value: structuredClone(this.contacts) };
      case 'start-conversation':
        this.#talks.of(request.contact);
        this.emit({ type: 'conversations-changed', account: ACCOUNT });
        return { type: 'conversation', value: request.contact };
      case 'messages':
        return {
          type: 'messages',
          value: this.#talks.window(request.conversation, request.anchor, request.limit),
        };
      case 'send-message':
        return { type: 'message', value: this.#send(request.conversation, request.text) };
      case 'retry-message':
        this.setDelivery(request.message, { state: 'waiting' });
        this.#progress(request.message);
        return { type: 'done' };
      case 'delete-message':
        this.#remove(request.message);
        return { type: 'done' };

      case 'set-draft':
        this.#talks.of(request.conversation).draft = request.text;
        this.emit({ type: 'conversations-changed', account: ACCOUNT });
        return { type: 'done' };
      case 'set-typing':
        return { type: 'done' };
      case 'mark-displayed':
        this.#talks.of(request.conversation).readUpTo = request.message;
        this.#talks.of(request.conversation).decided.marked_unread = false;
        this.emit({ type: 'conversations-changed', account: ACCOUNT });
        return { type: 'done' };
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
        const team = {
          talks: this.talks,
          rows: () => this.#talks.rows(),
          unread: (address: string) =>
            this.#talks.unread(this.#talks.of(address)).map(({ id }) => id),
        };
        const answer = decide(team, request);
        if ('conversation' in request) this.#changed(request.conversation);
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
    await this.#pause(500);
    this.setServer({ state: 'starting', team_name: team.team_name });
    await this.#pause(700);
    this.#running(team.team_name);
    await this.#pause(400);
    this.withAccount({ server_name: team.team_name, display_name: team.name });
    return ACCOUNT;
  }

  async serverStart(): Promise<void> {
    this.#command('serverStart');
    this.setServer({ state: 'starting', team_name: TEAM });
    await this.#pause(800);
    this.#running(TEAM);
    this.setConnection({ state: 'online' });
  }

  async serverStop(): Promise<void> {
    this.#command('serverStop');
    this.setServer({ state: 'stopped', team_name: TEAM, error: null });
    this.setConnection({
      state: 'waiting',
      retry_at_ms: this.now() + 20_000,
      error: apiError('server-unreachable'),
    });
  }

  async serverInvite(): Promise<InviteView> {
    this.#command('serverInvite');
    await this.#pause(300);
    return {
      link: 'startalk://join/#eyJkIjoidmFsbGV5LmxvY2FsIiwiYSI6WyIxOTIuMTY4LjEuMjA6NTI4MCJdLCJrIjoiczZ3V0JxIiwidCI6IjdRbTlrWGZ0In0',
      qr_svg: fakeQr(),
      expires_ms: this.now() + 7 * 86_400_000,
    };
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

  #later(ms: number, act: () => void): void {
    if (this.lively) setTimeout(act, ms);
  }

  #running(team_name: string): void {
    this.setServer({
      state: 'running',
      team_name,
      addresses: ['192.168.1.20:5280'],
      people_online: 1 + this.contacts.filter(({ presence }) => presence !== 'offline').length,
    });
  }

  /** What only the server has comes into the conversation when it is gone to. */
  #locate(address: string, place: MessagePlace): number {
    const { messages, contact } = this.#talks.of(address);
    if (place.at === 'from') {
      const found = messages.find(({ time_ms }) => time_ms >= place.time_ms);
      if (!found) throw apiError('not-found');
      return found.id;
    }
    const hit = this.onServer.find(({ archive_id }) => archive_id === place.id);
    if (!hit || this.overview.accounts[0]?.connection.state !== 'online') {
      throw apiError(hit ? 'not-connected' : 'not-found');
    }
    const id = this.#talks.nextId();
    const position = (messages[0]?.position ?? 1) - 1;
    messages.unshift({
      ...plain,
      id,
      position,
      direction: 'incoming',
      author: contact.address,
      author_name: hit.author_name,
      text: hit.excerpt,
      time_ms: hit.time_ms,
      delivery: null,
    });
    this.#changed(address);
    return id;
  }

  #change(id: number, change: Partial<MessageView>): void {
    const [address, message] = this.#talks.find(id);
    const talk = this.#talks.of(address);
    talk.messages[talk.messages.indexOf(message)] = { ...message, ...change };
    this.#changed(address);
  }

  #send(address: string, text: string, more: Partial<MessageView> = {}): number {
    const talk = this.#talks.of(address);
    talk.draft = '';
    const { id } = this.#talks.add(talk, { direction: 'outgoing', text, ago: 0, more });
    this.#changed(address);
    this.#progress(id);
    return id;
  }

  #progress(id: number): void {
    if (this.overview.accounts[0]?.connection.state !== 'online') return;
    const [address] = this.#talks.find(id);
    this.#later(250, () => this.setDelivery(id, { state: 'sent' }));
    this.#later(600, () => this.setDelivery(id, { state: 'delivered' }));
    this.#later(1400, () => this.setDelivery(id, { state: 'read' }));
    this.#later(1800, () => this.setTyping(address, true));
    this.#later(4200, () => this.receive(address, '好的，收到 👍'));
  }

  #remove(id: number): void {
    const [address, message] = this.#talks.find(id);
    const talk = this.#talks.of(address);
    talk.messages = talk.messages.filter((one) => one !== message);
    this.#changed(address);
  }

  #arrived(id: number): void {
    const [, { attachments }] = this.#talks.find(id);
    const url = `https://files.valley.local/${id}`;
    this.#change(id, {
      attachments: attachments.map((file) => ({ ...file, url, state: 'here' })),
      delivery: { state: 'sent' },
    });
  }

  #changed(address: string): void {
    this.emit({ type: 'messages-changed', account: ACCOUNT, conversation: address });
    this.emit({ type: 'conversations-changed', account: ACCOUNT });
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

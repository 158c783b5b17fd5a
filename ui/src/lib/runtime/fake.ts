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
import type { JoinPreview } from '../rpc/generated/JoinPreview';
import type { MessagePlace } from '../rpc/generated/MessagePlace';
import type { MessageView } from '../rpc/generated/MessageView';
import type { MessageWindow } from '../rpc/generated/MessageWindow';
import type { NewTeam } from '../rpc/generated/NewTeam';
import type { Overview } from '../rpc/generated/Overview';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SettingProblem } from '../rpc/generated/SettingProblem';
import type { Settings } from '../rpc/generated/Settings';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import type { WindowAnchor } from '../rpc/generated/WindowAnchor';
import { FakePeople } from './fake-people';
import { FakeRooms } from './fake-rooms';
import { decide, type Decisions, undecided } from './fake-decisions';
import { FakeDevices } from './fake-devices';
import { FakeDesktop } from './fake-desktop';
import { fileList } from './fake-file-list';
import { FakeFiles } from './fake-files';
import { FakeMessages } from './fake-messages';
import { search } from './fake-search';
import { fakeQr, history, type Line, ME, MY_NAME, nobody, people, plain, TEAM } from './fixtures';
import { USUAL_SETTINGS } from '../state/usual-settings';
import type { Runtime } from './runtime';

export const ACCOUNT = 'account-1';

export interface Talk {
  contact: ContactView;
  messages: MessageView[];
  readUpTo: number;
  draft: string;
  typing: boolean;
  /** Messages before which something is missing. */
  gaps: number[];
  decided: Decisions;
  /** What its row says otherwise than the rest gives. */
  row: Partial<ConversationView>;
}

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
    lock: { ready: false, locked: false, wait_until_ms: null },
    fatal: null,
  };
  /** What the desktop refuses to do of the settings. */
  settingProblems: SettingProblem[] = [];
  /** Size of the page in per cent, as it was asked for last. */
  zoom = 100;
  readonly desktop = new FakeDesktop((lock) => this.#listener({ type: 'lock-changed', lock }));
  contacts: ContactView[] = [];
  readonly talks = new Map<string, Talk>();
  readonly account = ACCOUNT;
  readonly me = ME;
  readonly myName = MY_NAME;
  readonly people = new FakePeople(this);
  readonly rooms = new FakeRooms(this);
  readonly devices = new FakeDevices();
  /** Messages that only the server has. */
  onServer: SearchHit[] = [];
  /** Who has a message, if it is to be others than its state says. */
  deliveries: DeliveryView[] | null = null;
  #listener: (event: ShellEvent) => void = () => undefined;
  #failures = new Map<Call, ApiError>();
  #nextId = 1;
  readonly #doing = {
    find: (id: number) => this.#find(id)[1],
    change: (id: number, change: Partial<MessageView>) => this.#change(id, change),
    send: (address: string, text: string, more?: Partial<MessageView>) =>
      this.#send(address, text, more),
    now: () => this.now(),
    deliveries: () => this.deliveries,
    locate: (conversation: string, place: MessagePlace) => this.#locate(conversation, place),
  };
  readonly #messages = new FakeMessages(this.#doing);

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
      ...account,
    });
    return this;
  }

  /** Puts history into a conversation; all of it counts as read. */
  fill(address: string, lines: readonly Line[]): MessageView[] {
    const talk = this.#talk(address);
    const added = lines.map((line) => this.#message(talk, line));
    talk.readUpTo = this.#nextId - 1;
    return added;
  }

  /** The next call of this kind fails. */
  failNext(call: Call, code: ApiError['code'], values: Record<string, string> = {}): void {
    this.#failures.set(call, apiError(code, values));
  }

  /** Makes sure that there is a conversation. */
  open(address: string): void {
    this.#talk(address);
  }

  /** A message comes in. */
  receive(address: string, text: string, more: Partial<MessageView> = {}): MessageView {
    const talk = this.#talk(address);
    talk.typing = false;
    const message = this.#message(talk, { direction: 'incoming', text, ago: 0, more });
    this.#changed(address);
    return message;
  }

  /** A conversation's row says something else. */
  setRow(address: string, row: Partial<ConversationView>): void {
    Object.assign(this.#talk(address).row, row);
    this.emit({ type: 'conversations-changed', account: ACCOUNT });
  }

  setTyping(address: string, typing: boolean): void {
    this.#talk(address).typing = typing;
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
        return { type: 'conversations', value: this.#rows() };
      case 'contacts':
        return { type: 'contacts', value: structuredClone(this.contacts) };
      case 'start-conversation':
        this.#talk(request.contact);
        this.emit({ type: 'conversations-changed', account: ACCOUNT });
        return { type: 'conversation', value: request.contact };
      case 'messages':
        return {
          type: 'messages',
          value: this.#window(request.conversation, request.anchor, request.limit),
        };
      case 'send-message':
        return { type: 'message', value: this.#send(request.conversation, request.text) };
      case 'retry-message':
        this.setDelivery(request.message, { state: 'waiting' });
        this.#progress(request.message);
        return { type: 'done' };
      case 'delete-message': {
        const [address, message] = this.#find(request.message);
        const talk = this.#talk(address);
        talk.messages = talk.messages.filter((one) => one !== message);
        this.#changed(address);
        return { type: 'done' };
      }
      case 'set-draft':
        this.#talk(request.conversation).draft = request.text;
        this.emit({ type: 'conversations-changed', account: ACCOUNT });
        return { type: 'done' };
      case 'set-typing':
        return { type: 'done' };
      case 'mark-displayed':
        this.#talk(request.conversation).readUpTo = request.message;
        this.#talk(request.conversation).decided.marked_unread = false;
        this.emit({ type: 'conversations-changed', account: ACCOUNT });
        return { type: 'done' };
      case 'message':
        return this.#messages.answer(request);
      case 'files':
        if (request.action === 'list') return fileList(request, this.talks);
        if (request.action === 'clear') return { type: 'done' };
        throw apiError('not-supported');
      case 'search':
        return search(request, ACCOUNT, this);
      case 'people':
        return this.people.answer(request);
      case 'devices':
        return this.devices.answer(request);
      case 'rooms':
        return this.rooms.answer(request);
      case 'conversation': {
        const team = {
          talks: this.talks,
          rows: () => this.#rows(),
          unread: (address: string) => this.#unread(this.#talk(address)).map(({ id }) => id),
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

  #talk(address: string): Talk {
    let talk = this.talks.get(address);
    if (!talk) {
      const contact = this.contacts.find((one) => one.address === address) ?? {
        ...nobody,
        address,
        name: address.split('@')[0] ?? address,
      };
      talk = {
        contact,
        messages: [],
        readUpTo: 0,
        draft: '',
        typing: false,
        gaps: [],
        decided: undecided(),
        row: {},
      };
      this.talks.set(address, talk);
    }
    return talk;
  }

  #message(talk: Talk, line: Line): MessageView {
    const id = this.#nextId++;
    const mine = line.direction === 'outgoing';
    const message: MessageView = {
      ...plain,
      id,
      position: id,
      direction: line.direction,
      author: mine ? ME : talk.contact.address,
      author_name: mine ? MY_NAME : talk.contact.name,
      text: line.text,
      time_ms: this.now() - line.ago * 60_000,
      delivery: mine ? (line.state ?? { state: 'waiting' }) : null,
      ...line.more,
    };
    talk.messages.push(message);
    return message;
  }

  /** What only the server has comes into the conversation when it is gone to. */
  #locate(address: string, place: MessagePlace): number {
    const { messages, contact } = this.#talk(address);
    if (place.at === 'from') {
      const found = messages.find(({ time_ms }) => time_ms >= place.time_ms);
      if (!found) throw apiError('not-found');
      return found.id;
    }
    const hit = this.onServer.find(({ archive_id }) => archive_id === place.id);
    if (!hit || this.overview.accounts[0]?.connection.state !== 'online') {
      throw apiError(hit ? 'not-connected' : 'not-found');
    }
    const id = this.#nextId++;
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

  #find(id: number): [string, MessageView] {
    for (const [address, talk] of this.talks) {
      const message = talk.messages.find((one) => one.id === id);
      if (message) return [address, message];
    }
    throw apiError('not-found');
  }

  #change(id: number, change: Partial<MessageView>): void {
    const [address, message] = this.#find(id);
    const talk = this.#talk(address);
    talk.messages[talk.messages.indexOf(message)] = { ...message, ...change };
    this.#changed(address);
  }

  #send(address: string, text: string, more: Partial<MessageView> = {}): number {
    const talk = this.#talk(address);
    talk.draft = '';
    const { id } = this.#message(talk, { direction: 'outgoing', text, ago: 0, more });
    this.#changed(address);
    this.#progress(id);
    return id;
  }

  #progress(id: number): void {
    if (this.overview.accounts[0]?.connection.state !== 'online') return;
    const [address] = this.#find(id);
    this.#later(250, () => this.setDelivery(id, { state: 'sent' }));
    this.#later(600, () => this.setDelivery(id, { state: 'delivered' }));
    this.#later(1400, () => this.setDelivery(id, { state: 'read' }));
    this.#later(1800, () => this.setTyping(address, true));
    this.#later(4200, () => this.receive(address, '好的，收到 👍'));
  }

  #changed(address: string): void {
    this.emit({ type: 'messages-changed', account: ACCOUNT, conversation: address });
    this.emit({ type: 'conversations-changed', account: ACCOUNT });
  }

  #unread(talk: Talk): MessageView[] {
    return talk.messages.filter(
      (message) => message.direction === 'incoming' && message.id > talk.readUpTo,
    );
  }

  #rows(): ConversationView[] {
    const rows = [...this.talks].map(([id, talk]): ConversationView => {
      const last = talk.messages.at(-1);
      return {
        id,
        kind: this.rooms.rooms.has(id) ? 'room' : 'direct',
        name: this.rooms.name(id) ?? talk.contact.name,
        presence: talk.contact.presence,
        preview: last?.text.replaceAll('\n', ' ') ?? '',
        preview_is_mine: last?.direction === 'outgoing',
        preview_author: last?.author_name ?? '',
        last_activity_ms: last?.time_ms ?? null,
        last_state: last?.delivery ?? null,
        unread: this.#unread(talk).length,
        unread_mentions: 0,
        marked_unread: talk.decided.marked_unread,
        notify: talk.decided.notify,
        muted_until_ms: talk.decided.muted_until_ms,
        pinned: talk.decided.pin > 0,
        archived: talk.decided.archived,
        draft: talk.draft,
        typing: talk.typing,
        ...talk.row,
      };
    });
    const pin = (row: ConversationView): number =>
      this.#talk(row.id).decided.pin || Number.POSITIVE_INFINITY;
    return rows.sort((a, b) =>
      pin(a) === pin(b) ? (b.last_activity_ms ?? 0) - (a.last_activity_ms ?? 0) : pin(a) - pin(b),
    );
  }

  #window(address: string, anchor: WindowAnchor, limit: number): MessageWindow {
    const talk = this.#talk(address);
    const all = talk.messages;
    const at = anchor.at === 'latest' ? -1 : all.findIndex(({ id }) => id === anchor.message);
    let from = Math.max(0, all.length - limit);
    let to = all.length;
    if (anchor.at === 'before') {
      to = at;
      from = Math.max(0, at - limit);
    } else if (anchor.at === 'from') {
      from = at;
      to = at + limit;
    }
    return {
      messages: structuredClone(all.slice(from, to)),
      has_older: from > 0,
      gaps: talk.gaps.filter((id) => all.slice(from, to).some((message) => message.id === id)),
      first_unread: this.#unread(talk)[0]?.id ?? null,
    };
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

/** Reads an input the way the screens expect: links invite, names sign in. */
function preview(input: string): JoinPreview {
  const base = { inviter: null, user: null, pinned: false, issuer_fingerprint: null };
  if (input.startsWith('startalk:')) {
    if (input.length < 24) throw apiError('link-damaged');
    const domain = 'valley.local';
    return { ...base, kind: 'invite', server_name: TEAM, domain, inviter: MY_NAME, pinned: true };
  }
  const [, user, domain] = /^(?:([^@\s]+)@)?([\w-]+(?:\.[\w-]+)+)$/.exec(input) ?? [];
  if (domain === undefined) throw apiError('input-not-understood');
  if (domain.endsWith('.invalid')) throw apiError('server-unknown', { server: domain });
  return { ...base, kind: 'sign-in', server_name: domain, domain, user: user ?? null };
}

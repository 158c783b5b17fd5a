import { Announcer } from '../a11y/announcer.svelte';
import { toApiError } from '../errors/api-failure';
import { describeError } from '../errors/describe';
import { i18n } from '../i18n/i18n.svelte';
import type { AccountView } from '../rpc/generated/AccountView';
import type { ApiError } from '../rpc/generated/ApiError';
import type { Event } from '../rpc/generated/Event';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Overview } from '../rpc/generated/Overview';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import type { LinkView } from '../rpc/generated/LinkView';
import type { LockView } from '../rpc/generated/LockView';
import type { Rpc } from '../rpc/client';
import { Attention } from './attention.svelte';
import { Desks } from './desk';
import { Doorbell } from './doorbell';
import { Habits } from './habits';
import { Heartbeat } from './heartbeat';
import { JoinForm } from './join.svelte';
import { LevelsBefore } from './levels-before';
import { NO_SHELL } from './no-shell';
import { Notices } from './notices.svelte';
import { OutsideLink, type Wish } from './outside-links.svelte';
import { Preferences } from './preferences.svelte';
import { EmbeddedServer } from './server.svelte';
import { Session } from './session.svelte';
import { StartTeam } from './start-team.svelte';
import { Unlock } from './unlock.svelte';
import { Updates } from './updates.svelte';
import { WindowLock } from './window-lock.svelte';

/** What the window shows. */
export type Screen = 'loading' | 'welcome' | 'start' | 'join' | 'unlock' | 'main';

/** A conversation, and maybe a message in it, that something outside wants to be shown. */
interface Target {
  account: string;
  conversation: string;
  message: number | null;
}

/** The whole window: which screen, which account, and where events go. */
export class App {
  readonly rpc: Rpc;
  readonly attention = new Attention();
  readonly announcer = new Announcer();
  readonly preferences: Preferences;
  readonly server: EmbeddedServer;
  readonly notices: Notices;
  readonly lock: WindowLock;
  readonly heartbeat: Heartbeat;
  readonly updates: Updates;
  readonly #overviewBell = new Doorbell(() => this.#reloadOverview());
  #overview = $state.raw<Overview>({ accounts: [], secrets: 'keyring', notices: [] });
  #shell = $state.raw<ShellInfo>(NO_SHELL);
  #ready = $state(false);
  #markStarted: () => void = () => undefined;
  /** What is to be opened waits for this. */
  readonly #started = new Promise<void>((resolve) => {
    this.#markStarted = resolve;
  });
  #accountId = $state<string | null>(null);
  /** By account; they stay when a session goes. */
  readonly #desks: Desks;
  #session = $state.raw<Session | null>(null);
  #startForm = $state.raw<StartTeam | null>(null);
  #joinForm = $state.raw<JoinForm | null>(null);
  #unlock = $state.raw<Unlock | null>(null);
  #problem = $state.raw<ApiError | null>(null);
  /** What was to be opened behind the lock; the last of it is when that is gone. */
  #waiting: Target | null = null;
  #outsideLink = $state.raw<OutsideLink | null>(null);

  constructor(rpc: Rpc) {
    this.rpc = rpc;
    this.#desks = new Desks(rpc);
    this.preferences = new Preferences(rpc);
    this.server = new EmbeddedServer(rpc);
    this.notices = new Notices(rpc);
    this.lock = new WindowLock(rpc);
    this.updates = new Updates(rpc, async () => this.#session?.composer?.leave());
    this.heartbeat = new Heartbeat((attention) => {
      rpc
        .desktop((desktop) => desktop.attend(attention))
        .then((there) => {
          // Of a window that nobody looks at it says nothing.
          if (attention.active) this.setAway(!there);
        })
        // The next one comes in half a minute.
        .catch(() => undefined);
    });
  }

  get screen(): Screen {
    if (!this.#ready) return 'loading';
    if (this.#joinForm) return 'join';
    if (this.#startForm) return 'start';
    if (!this.account) return 'welcome';
    return this.#session ? 'main' : 'unlock';
  }

  get shell(): ShellInfo {
    return this.#shell;
  }

  get accounts(): readonly AccountView[] {
    return this.#overview.accounts;
  }

  get account(): AccountView | undefined {
    return this.#overview.accounts.find((account) => account.id === this.#accountId);
  }

  get session(): Session | null {
    return this.#session;
  }

  get startForm(): StartTeam | null {
    return this.#startForm;
  }

  get joinForm(): JoinForm | null {
    return this.#joinForm;
  }

  get unlock(): Unlock | null {
    return this.#unlock;
  }

  /** Why the window could not be filled at all; `shell.fatal` if trying again is no use. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  /** A link from outside that waits for a yes or no. */
  get outsideLink(): OutsideLink | null {
    return this.#outsideLink;
  }

  get asksEachTime(): boolean {
    return this.#overview.secrets === 'ask-each-time';
  }

  async start(): Promise<void> {
    try {
      // Listening comes first, so that no link can fall between the two calls.
      await this.rpc.subscribe((event) => this.handle(event));
      this.#shell = await this.rpc.shellInfo();
      this.preferences.load(this.#shell.settings, this.#shell.system_locale);
      this.#problem = this.#shell.fatal;
      this.lock.update(this.#shell.lock);
      void this.updates.load();
      if (this.#problem) return;
      await Promise.all([this.#overviewBell.ring(), this.server.load()]);
      if (this.#shell.start_link !== null) this.#openLink(this.#shell.start_link);
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#ready = true;
      this.#markStarted();
    }
  }

  openStart(): void {
    this.#startForm = new StartTeam(this.rpc, this.server, this.#shell.default_port);
  }

  /** Shows the form "Join", with a link if one was opened. */
  openJoin(link = ''): void {
    this.#startForm = null;
    this.#joinForm?.close();
    this.#joinForm = new JoinForm(this.rpc);
    if (link !== '') this.#joinForm.setInput(link);
  }

  back(): void {
    this.#joinForm?.close();
    this.#joinForm = null;
    this.#startForm = null;
  }

  async submitStart(): Promise<void> {
    const account = await this.#startForm?.submit();
    if (account) await this.#joined(account);
  }

  async submitJoin(): Promise<void> {
    const account = await this.#joinForm?.submit();
    if (account) await this.#joined(account);
  }

  async submitUnlock(): Promise<void> {
    if (await this.#unlock?.submit()) await this.#overviewBell.ring();
  }

  /** An account that could not be opened need not wait until it is tried by itself. */
  async tryUnlockAgain(): Promise<void> {
    await this.#unlock?.tryAgain();
    await this.#overviewBell.ring();
  }

  async switchTo(account: string): Promise<void> {
    if (!this.#has(account)) return;
    this.#accountId = account;
    await this.#openAccount();
  }

  /** The account before or after this one in the rail. */
  async switchBy(step: 1 | -1): Promise<void> {
    const { accounts } = this;
    const index = accounts.findIndex(({ id }) => id === this.#accountId);
    const next = accounts[(index + step + accounts.length) % accounts.length];
    if (next && next.id !== this.#accountId) await this.switchTo(next.id);
  }

  /** Throws an `ApiFailure`. */
  async signOut(account: string, wipe: boolean): Promise<void> {
    await this.rpc.signOut(account, wipe);
    if (wipe) {
      Habits.forget(account);
      LevelsBefore.forget(account);
    }
    await this.#overviewBell.ring();
  }

  async reload(): Promise<void> {
    this.#problem = null;
    await this.#overviewBell.ring();
  }

  /** The first frame with content is on screen. */
  painted(): void {
    // Only a measurement waits for it.
    this.rpc.painted().catch(() => undefined);
  }

  /** Opens an address with the system's program for it, which checks it once more. */
  async openLink(link: string): Promise<void> {
    try {
      await this.rpc.openLink(link);
    } catch (thrown) {
      this.announcer.say(describeError(toApiError(thrown)));
    }
  }

  /** Locks the window, if there is a secret to open it with. */
  async lockNow(): Promise<void> {
    if (!this.lock.ready) return;
    await this.#settle();
    await this.lock.now();
  }

  async quit(): Promise<void> {
    await this.#settle();
    await this.rpc.quit().catch(() => undefined);
  }

  /** Does what would be done later: behind the lock, and after the end, nothing is. */
  async #settle(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    await Promise.all([session.composer?.leave(), session.list.readAll.settle()]);
  }

  setFocused(focused: boolean): void {
    this.attention.focused = focused;
    if (focused) this.#session?.timeline?.considerRead();
  }

  /** The shell says whether somebody is at the machine. */
  setAway(away: boolean): void {
    this.attention.away = away;
    if (!away) this.#session?.timeline?.considerRead();
  }

  /** Somebody moves or types: whoever was away is back, and the shell is told at once. */
  touched(): void {
    if (!this.attention.away) return;
    this.setAway(false);
    this.heartbeat.beat();
  }

  /** The window may be about to close: nothing typed stays in memory only. */
  saveDraft(): void {
    void this.#session?.composer?.leave();
  }

  handle(event: ShellEvent): void {
    switch (event.type) {
      case 'engine':
        this.#handleEngine(event.event);
        break;
      case 'server':
        this.server.update(event.server);
        break;
      case 'open-link':
        this.#openLink(event.link);
        break;
      case 'link-refused':
        this.#ask(null);
        break;
      case 'open-conversation':
        void this.#openConversation(event);
        break;
      case 'settings-changed':
        this.preferences.changed(event.settings);
        break;
      case 'lock-changed':
        void this.#lockChanged(event.lock);
        break;
      case 'read-aloud-changed':
        this.#shell = { ...this.#shell, read_aloud: event.read_aloud };
        break;
      case 'update-changed':
        this.updates.update(event.update);
        break;
    }
  }

  #handleEngine(event: Event): void {
    switch (event.type) {
      case 'accounts-changed':
        void this.#overviewBell.ring();
        break;
      case 'lagged':
        void this.#overviewBell.ring();
        this.#session?.handle(event);
        break;
      case 'notify':
        if (event.notification.conversation !== this.#session?.selected) {
          this.#announce(event.notification.title, event.notification.body);
        }
        break;
      case 'connection-changed':
        this.#patchAccount(event.account, { connection: event.connection });
        if (event.account === this.#session?.account) this.#session.handle(event);
        break;
      default:
        if (event.account === this.#session?.account) this.#session.handle(event);
        // The rail counts for the accounts that are not shown.
        else if (event.type === 'conversation-changed' || event.type === 'conversations-changed') {
          void this.#overviewBell.ring();
        }
    }
  }

  /** Says what the window shows; to be called whenever that may have changed. */
  attend(): void {
    const { session } = this;
    const selected = session?.timeline?.atBottom === true ? session.selected : null;
    const active = this.attention.focused && !this.lock.locked;
    this.heartbeat.update(
      active,
      session && selected !== null ? { account: session.account, conversation: selected } : null,
    );
  }

  #openLink(link: LinkView): void {
    if (link.kind === 'join') this.openJoin(link.input);
    else this.#ask(link);
  }

  #ask(wish: Wish | null): void {
    this.#outsideLink = new OutsideLink(wish, {
      rpc: this.rpc,
      account: () => this.#session?.account ?? null,
      open: (account, conversation) =>
        this.#openConversation({ account, conversation, message: null }),
      write: async (conversation, text) => {
        const composer = this.#session?.composer;
        if (composer?.conversation === conversation) await composer.append(text);
      },
      done: () => {
        this.#outsideLink = null;
      },
    });
  }

  /** Behind the curtain there is nothing to be read: the page forgets the chats. */
  async #lockChanged(view: LockView): Promise<void> {
    const wasLocked = this.lock.locked;
    this.lock.update(view);
    if (view.locked) {
      this.#session?.close();
      this.#session = null;
    } else if (wasLocked) {
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting && this.#has(waiting.account)) this.#accountId = waiting.account;
      await Promise.all([this.#overviewBell.ring(), this.server.load()]);
      if (waiting) await this.#openConversation(waiting);
    }
  }

  async #openConversation(target: Target): Promise<void> {
    const { account, conversation, message } = target;
    // A session that begins with it opens, and so reads, nothing else on the way.
    if (this.#session?.account !== account) this.#desks.of(account).conversation = conversation;
    if (this.#waits(target)) return;
    await this.#started;
    // A notification may be older than signing out.
    if (this.#waits(target) || !this.#has(account)) return;
    this.back();
    if (account !== this.#accountId) await this.switchTo(account);
    const session = this.#session;
    session?.navigation.closeOverlay();
    await session?.list.refreshOne(conversation);
    await session?.go(conversation);
    if (message !== null) await session?.showMessage(conversation, message);
  }

  /** Whether it is put off until the window is unlocked. */
  #waits(target: Target): boolean {
    if (this.lock.locked) this.#waiting = target;
    return this.lock.locked;
  }

  async #joined(account: string): Promise<void> {
    this.notices.joined();
    this.#accountId = account;
    await this.#overviewBell.ring();
    await this.server.load().catch(() => undefined);
    this.back();
  }

  async #reloadOverview(): Promise<void> {
    try {
      this.#overview = await this.rpc.overview();
      this.notices.update(this.#overview);
    } catch (thrown) {
      this.#problem = toApiError(thrown);
      return;
    }
    if (!this.account) this.#accountId = this.#overview.accounts[0]?.id ?? null;
    // The window does not wait for what an account has to show; a link that the app was
    // started with comes first, though.
    if (this.#shell.start_link === null) this.#ready = true;
    await this.#openAccount();
    this.#desks.keepOnly(this.accounts.map(({ id }) => id));
  }

  /** Brings session and unlock form in line with the chosen account. */
  async #openAccount(): Promise<void> {
    const account = this.account;
    if (this.#session && (this.#session.account !== account?.id || !account.unlocked)) {
      this.#session.close();
      this.#session = null;
    }
    if (!account || account.unlocked) {
      this.#unlock = null;
    } else if (this.#unlock?.account !== account.id) {
      this.#unlock = new Unlock(this.rpc, account.id);
    }
    if (!account?.unlocked || this.lock.locked) return;
    if (this.#session) {
      this.#session.connected(account.connection);
      return;
    }
    const desk = this.#desks.of(account.id);
    const session = new Session(this.rpc, account.id, this.attention, desk, (messages) =>
      this.#announceMessages(messages),
    );
    session.connected(account.connection);
    this.#session = session;
    await session.start();
  }

  #has(account: string): boolean {
    return this.accounts.some(({ id }) => id === account);
  }

  #patchAccount(id: string, change: Partial<AccountView>): void {
    this.#overview = {
      ...this.#overview,
      accounts: this.#overview.accounts.map((account) =>
        account.id === id ? { ...account, ...change } : account,
      ),
    };
  }

  /** Has a screen reader say it, through the system. */
  announce(text: string): void {
    // Who does not listen to the window sees it.
    this.rpc.desktop((desktop) => desktop.announce(text)).catch(() => undefined);
  }

  #announceMessages(messages: MessageView[]): void {
    const last = messages[messages.length - 1];
    if (last) this.#announce(last.author_name, last.text);
  }

  #announce(name: string, text: string): void {
    this.announcer.say(i18n.t('a11y.message-from', { name, text }));
  }
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { MessageView } from '../rpc/generated/MessageView';
import type { MessageWindow } from '../rpc/generated/MessageWindow';
import type { Rpc } from '../rpc/client';
import type { Attention } from './attention.svelte';
import { timelineDays } from './days';
import { Doorbell } from './doorbell';

const FIRST_PAGE = 60;
const OLDER_PAGE = 60;
/** The contract's greatest window. */
const MAX_PAGE = 200;
/** How far back the first unread message is looked for when opening. */
const MAX_OPENING = 600;

/** What the timeline needs to know of its surroundings. */
export interface TimelineHost {
  rpc: Rpc;
  account: string;
  conversation: string;
  attention: Attention;
  /** Unread messages according to the conversation list. */
  unread(): number;
  /** Messages that came in since the last look, oldest first. */
  arrived(messages: MessageView[]): void;
}

/** The messages of one open conversation, from the moment it is opened until it is left. */
export class Timeline {
  readonly conversation: string;
  readonly #host: TimelineHost;
  readonly #refresh = new Doorbell(() => this.#reload());
  #messages = $state.raw<MessageView[]>([]);
  #hasOlder = $state(false);
  #loaded = $state(false);
  #loadingOlder = $state(false);
  #newFrom = $state<number | null>(null);
  #days = $derived(timelineDays(this.#messages, this.#newFrom));
  #atBottom = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  /** Newest message that was on screen the last time the view was at the bottom. */
  #seen = $state<number | null>(null);
  #newBelow = $derived(countAfter(this.#messages, this.#seen));
  #firstUnread: number | null = null;
  #markedUpTo: number | null = null;
  #sent = $state(0);
  #closed = false;

  constructor(host: TimelineHost) {
    this.#host = host;
    this.conversation = host.conversation;
  }

  get messages(): readonly MessageView[] {
    return this.#messages;
  }

  get days() {
    return this.#days;
  }

  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get loadingOlder(): boolean {
    return this.#loadingOlder;
  }

  /** The message above which the line "new messages" stands. */
  get newFrom(): number | null {
    return this.#newFrom;
  }

  get atBottom(): boolean {
    return this.#atBottom;
  }

  /** Incoming messages below what has been seen. */
  get newBelow(): number {
    return this.#newBelow;
  }

  /** How many messages were sent from here; the view goes to the end with each. */
  get sent(): number {
    return this.#sent;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Loads the newest messages, and back to the first unread one. */
  async open(): Promise<void> {
    try {
      const window = await this.#ask({ at: 'latest' }, FIRST_PAGE);
      let messages = window.messages;
      let hasOlder = window.has_older;
      const first = window.first_unread;
      while (
        first !== null &&
        hasOlder &&
        !contains(messages, first) &&
        messages.length < MAX_OPENING
      ) {
        const oldest = messages[0];
        if (!oldest) break;
        const older = await this.#ask({ at: 'before', message: oldest.id }, MAX_PAGE);
        messages = prepend(older.messages, messages);
        hasOlder = older.has_older && older.messages.length > 0;
      }
      if (this.#closed) return;
      this.#newFrom = first;
      this.#firstUnread = first;
      this.#seen = first === null ? lastId(messages) : idBefore(messages, first);
      this.#messages = messages;
      this.#hasOlder = hasOlder;
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#loaded = true;
    }
  }

  /** Something in this conversation changed. */
  refresh(): Promise<void> {
    return this.#refresh.ring();
  }

  async loadOlder(): Promise<void> {
    const oldest = this.#messages[0];
    if (!oldest || !this.#hasOlder || this.#loadingOlder) return;
    this.#loadingOlder = true;
    try {
      const older = await this.#ask({ at: 'before', message: oldest.id }, OLDER_PAGE);
      // A refresh may have run meanwhile: only what still fits in front is taken.
      if (this.#closed || this.#messages[0]?.id !== oldest.id) return;
      this.#messages = prepend(older.messages, this.#messages);
      this.#hasOlder = older.has_older && older.messages.length > 0;
    } catch {
      // Scrolling up again asks again.
    } finally {
      this.#loadingOlder = false;
    }
  }

  /** Loads back to a message. */
  async jumpTo(id: number): Promise<void> {
    while (!contains(this.#messages, id) && this.#hasOlder) await this.loadOlder();
  }

  /** The view tells whether the newest message is on screen. */
  setAtBottom(atBottom: boolean): void {
    this.#atBottom = atBottom;
    if (atBottom) {
      this.#seen = lastId(this.#messages);
      this.considerRead();
    }
  }

  /** The own message ends the line: who answers has read. */
  ownMessageSent(): void {
    this.#newFrom = null;
    this.#sent += 1;
  }

  async retry(message: number): Promise<void> {
    await this.#act(() => this.#host.rpc.retryMessage(this.#host.account, message));
  }

  async remove(message: number): Promise<void> {
    await this.#act(() => this.#host.rpc.deleteMessage(this.#host.account, message));
  }

  /** Tells the engine that everything was seen, when that is so. */
  considerRead(): void {
    if (this.#closed || !this.#loaded || !this.#atBottom || !this.#host.attention.focused) return;
    const newest = this.#messages.findLast((message) => message.direction === 'incoming');
    const anyUnread = this.#firstUnread !== null || this.#host.unread() > 0;
    if (!newest || !anyUnread || newest.id === this.#markedUpTo) return;
    this.#markedUpTo = newest.id;
    this.#host.rpc
      .markDisplayed(this.#host.account, this.conversation, newest.id)
      .then(() => {
        this.#firstUnread = null;
      })
      .catch(() => {
        // Not told yet: the next look tries again.
        this.#markedUpTo = null;
      });
  }

  close(): void {
    this.#closed = true;
  }

  async #reload(): Promise<void> {
    if (this.#closed || !this.#loaded) return;
    try {
      const oldest = this.#messages[0];
      const fresh =
        this.#atBottom || !oldest
          ? await this.#ask(
              { at: 'latest' },
              clamp(this.#messages.length + 1, FIRST_PAGE, MAX_PAGE),
            )
          : await this.#from(oldest);
      if (this.#closed) return;
      this.#apply(fresh);
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  /** Everything from this message on, in as many requests as it takes. */
  async #from(oldest: MessageView): Promise<MessageWindow> {
    const window = await this.#ask({ at: 'from', message: oldest.id }, MAX_PAGE);
    const messages = [...window.messages];
    let page = window.messages;
    while (page.length === MAX_PAGE) {
      const last = page[page.length - 1];
      if (!last) break;
      page = (await this.#ask({ at: 'from', message: last.id }, MAX_PAGE)).messages;
      const known = new Set(messages.map((message) => message.id));
      const added = page.filter((message) => !known.has(message.id));
      if (added.length === 0) break;
      messages.push(...added);
    }
    // Loading older pages while we asked: they stay in front.
    const first = this.#messages.findIndex((message) => message.id === oldest.id);
    return {
      messages: first > 0 ? prepend(this.#messages.slice(0, first), messages) : messages,
      has_older: this.#hasOlder,
      gaps: window.gaps,
      first_unread: window.first_unread,
    };
  }

  #apply(fresh: MessageWindow): void {
    const known = new Set(this.#messages.map((message) => message.id));
    const newest = this.#messages[this.#messages.length - 1];
    const arrived = fresh.messages.filter(
      (message) =>
        message.direction === 'incoming' &&
        !known.has(message.id) &&
        (!newest || message.position >= newest.position),
    );
    // A line that was read is moved to what is new now; one that was not stays.
    const lineIsRead = this.#newFrom === null || this.#firstUnread === null;
    this.#firstUnread = fresh.first_unread;
    const watching = this.#atBottom && this.#host.attention.focused;
    if (fresh.first_unread !== null && lineIsRead && !watching) this.#newFrom = fresh.first_unread;
    this.#messages = fresh.messages;
    this.#hasOlder = fresh.has_older;
    if (this.#atBottom) this.#seen = lastId(fresh.messages);
    if (arrived.length > 0) this.#host.arrived(arrived);
    this.considerRead();
  }

  async #act(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
    await this.refresh();
  }

  #ask(anchor: Parameters<Rpc['messages']>[2], limit: number): Promise<MessageWindow> {
    return this.#host.rpc.messages(this.#host.account, this.conversation, anchor, limit);
  }
}

/** Older messages in front of those shown; one that moved meanwhile is not shown twice. */
function prepend(older: readonly MessageView[], shown: readonly MessageView[]): MessageView[] {
  const known = new Set(shown.map((message) => message.id));
  return [...older.filter((message) => !known.has(message.id)), ...shown];
}

function contains(messages: readonly MessageView[], id: number): boolean {
  return messages.some((message) => message.id === id);
}

function lastId(messages: readonly MessageView[]): number | null {
  return messages[messages.length - 1]?.id ?? null;
}

function idBefore(messages: readonly MessageView[], id: number): number | null {
  const index = messages.findIndex((message) => message.id === id);
  return messages[index - 1]?.id ?? null;
}

function countAfter(messages: readonly MessageView[], seen: number | null): number {
  const index = messages.findIndex((message) => message.id === seen);
  return messages.slice(index + 1).filter((message) => message.direction === 'incoming').length;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

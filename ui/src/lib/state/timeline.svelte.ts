import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { MessagePlace } from '../rpc/generated/MessagePlace';
import type { MessageView } from '../rpc/generated/MessageView';
import type { MessageWindow } from '../rpc/generated/MessageWindow';
import type { WindowAnchor } from '../rpc/generated/WindowAnchor';
import type { Rpc } from '../rpc/client';
import type { Attention } from './attention.svelte';
import { timelineDays } from './days';
import { Doorbell } from './doorbell';
import * as run from './message-run';

/** Few, so that no frame is late for them. */
const PAGE = 30;
/** A message of one line takes so much of the window, and a first page fills it. */
const LEAST_ROW_PX = 24;
/** How much stands before a message that is jumped to. */
const BEFORE_JUMP = 30;
/** The most that is kept and drawn, and the contract's greatest window. */
export const MAX_SHOWN = 200;

/** How many messages are drawn at once when a conversation is opened: what is not seen costs time, too. */
function firstPage(): number {
  return Math.min(Math.max(Math.ceil(window.innerHeight / LEAST_ROW_PX), PAGE), 2 * PAGE);
}

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

/** What the view has on screen. */
export interface View {
  /** It is scrolled to the end of what is shown. */
  atEnd: boolean;
  /** The first message on screen. */
  top: number | null;
  /** The last message whose end is on screen. */
  lowest: number | null;
}

/** Where the view is to go with the next frame. */
export interface Jump {
  /** A message, or the end. */
  to: number | 'end';
  /** Whether the message is made visible for a moment. */
  flash: boolean;
}

/**
 * The messages of one open conversation, from the moment it is opened until it
 * is left: a run of at most [`MAX_SHOWN`] neighbours, which moves through the
 * conversation as the view does.
 */
export class Timeline {
  readonly conversation: string;
  readonly #host: TimelineHost;
  readonly #refresh = new Doorbell(() => this.#alone(() => this.#reload()));
  #messages = $state.raw<MessageView[]>([]);
  #gaps = $state.raw<ReadonlySet<number>>(new Set());
  #hasOlder = $state(false);
  #hasNewer = $state(false);
  #loaded = $state(false);
  #loadingOlder = $state(false);
  #loadingNewer = false;
  /** The archive is asked for what is older; a change tells that it came. */
  #awaitsOlder = false;
  #seeking = $state(false);
  #newFrom = $state<number | null>(null);
  #days = $derived(timelineDays(this.#messages, this.#newFrom, this.#gaps));
  #view: View = { atEnd: false, top: null, lowest: null };
  #atBottom = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  /** The newest message that was ever on screen. */
  #seen = $state.raw<MessageView | null>(null);
  #newBelow = $derived.by(() => {
    const count = run.incomingAfter(this.#messages, this.#seen);
    return this.#hasNewer ? Math.max(count, this.#host.unread()) : count;
  });
  #jump = $state.raw<Jump | null>(null);
  #back = $state.raw<number[]>([]);
  #firstUnread: number | null = null;
  #marked: MessageView | null = null;
  #sent = $state(0);
  #closed = false;
  #queue: Promise<unknown> = Promise.resolve();

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

  /** Whether the newest messages are further down than what is shown. */
  get hasNewer(): boolean {
    return this.#hasNewer;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get loadingOlder(): boolean {
    return this.#loadingOlder;
  }

  /** What is to be shown is looked for, and may have to be fetched. */
  get seeking(): boolean {
    return this.#seeking;
  }

  /** The message above which the line "new messages" stands. */
  get newFrom(): number | null {
    return this.#newFrom;
  }

  /** The newest message of the conversation is on screen. */
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

  /** Where the view is to go; it says [`arrivedAt`] when it is there. */
  get jump(): Jump | null {
    return this.#jump;
  }

  /** Whether there is a place to go back to. */
  get canGoBack(): boolean {
    return this.#back.length > 0;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** When the first message on screen was written. */
  get topMs(): number | null {
    const top = this.#view.top === null ? undefined : this.find(this.#view.top);
    return top?.time_ms ?? null;
  }

  find(id: number): MessageView | undefined {
    return this.#messages.find((message) => message.id === id);
  }

  /** The newest own message that can be edited. */
  get lastOwn(): MessageView | undefined {
    return this.#messages.findLast(
      (message) =>
        message.direction === 'outgoing' && message.kind === 'text' && message.retracted === null,
    );
  }

  /** Loads the newest messages, or those around the first unread one. */
  async open(): Promise<void> {
    await this.#alone(async () => {
      try {
        const latest = await this.#ask({ at: 'latest' }, firstPage());
        if (this.#closed) return;
        const first = latest.first_unread;
        if (first !== null && latest.has_older && !run.contains(latest.messages, first)) {
          await this.#show(first);
        } else {
          this.#take(latest, latest.has_older, false);
        }
        this.#firstUnread = first;
        this.#newFrom = first;
        this.#seen = first === null ? run.last(this.#messages) : run.before(this.#messages, first);
        this.#problem = null;
      } catch (thrown) {
        this.#problem = toApiError(thrown);
      } finally {
        this.#loaded = true;
      }
    });
  }

  /** Something in this conversation changed. */
  refresh(): Promise<void> {
    this.#awaitsOlder = false;
    return this.#refresh.ring();
  }

  async loadOlder(): Promise<void> {
    if (!this.#hasOlder || this.#loadingOlder || this.#awaitsOlder) return;
    this.#loadingOlder = true;
    await this.#alone(async () => {
      try {
        const oldest = this.#messages[0];
        if (!oldest) return;
        const older = await this.#ask({ at: 'before', message: oldest.id }, PAGE);
        if (this.#closed) return;
        // Nothing although there is more: it is fetched from the server.
        this.#awaitsOlder = older.messages.length === 0 && older.has_older;
        const all = run.join(older.messages, this.#messages);
        this.#hasOlder = older.has_older;
        this.#gaps = new Set([...this.#gaps, ...older.gaps]);
        if (all.length > MAX_SHOWN) this.#hasNewer = true;
        this.#messages = all.slice(0, MAX_SHOWN);
      } catch {
        // Scrolling up again asks again.
      } finally {
        this.#loadingOlder = false;
      }
    });
  }

  async loadNewer(): Promise<void> {
    if (!this.#hasNewer || this.#loadingNewer) return;
    this.#loadingNewer = true;
    await this.#alone(async () => {
      try {
        const newest = run.last(this.#messages);
        if (!newest) return;
        const newer = await this.#ask({ at: 'from', message: newest.id }, PAGE + 1);
        if (this.#closed) return;
        const all = run.join(this.#messages, newer.messages);
        this.#hasNewer = newer.messages.length > PAGE;
        this.#gaps = new Set([...this.#gaps, ...newer.gaps]);
        if (all.length > MAX_SHOWN) this.#hasOlder = true;
        this.#messages = all.slice(-MAX_SHOWN);
      } catch {
        // Scrolling down again asks again.
      } finally {
        this.#loadingNewer = false;
      }
    });
  }

  /** The view tells what it has on screen. */
  setView(view: View): void {
    this.#view = view;
    this.#atBottom = view.atEnd && !this.#hasNewer;
    if (!this.#jump) this.#forgetPlacesIn(view);
    const lowest = view.lowest === null ? undefined : this.find(view.lowest);
    if (lowest && (!this.#seen || run.isAfter(lowest, this.#seen))) this.#seen = lowest;
    this.considerRead();
  }

  /**
   * Shows a message, wherever it is, and remembers the place that is left for it:
   * `from`, or where one was before the first of several jumps.
   */
  async jumpTo(id: number, from?: number): Promise<void> {
    await this.#goTo(id, from ?? (this.#back.length > 0 ? null : this.#view.top));
  }

  /** Shows the message at a place that may not be on this device yet. */
  async seek(place: MessagePlace): Promise<void> {
    if (this.#seeking) return;
    this.#seeking = true;
    this.#problem = null;
    try {
      const { rpc, account } = this.#host;
      const id = await rpc.messaging.locate(account, this.conversation, place);
      if (!this.#closed) await this.jumpTo(id);
    } catch (thrown) {
      const error = toApiError(thrown);
      // After the newest message there is nothing but it.
      if (place.at === 'from' && error.code === 'not-found') await this.jumpToLatest();
      else this.#problem = error;
    } finally {
      this.#seeking = false;
    }
  }

  async jumpToLatest(): Promise<void> {
    if (!this.#atBottom && this.#view.top !== null && !this.#jump) this.#back = [this.#view.top];
    await this.#toEnd();
  }

  /** To where one was before the last jump. */
  async goBack(): Promise<void> {
    const place = this.#back[this.#back.length - 1];
    if (place === undefined) return;
    this.#back = this.#back.slice(0, -1);
    await this.#goTo(place, null);
  }

  /** The view has gone where it was told to. */
  arrivedAt(jump: Jump): void {
    if (this.#jump === jump) this.#jump = null;
  }

  /** The own message ends the line: who answers has read. */
  ownMessageSent(): void {
    this.#newFrom = null;
    this.#back = [];
    this.#sent += 1;
    if (this.#hasNewer) void this.#toEnd();
  }

  async retry(message: number): Promise<void> {
    await this.#act(() => this.#host.rpc.retryMessage(this.#host.account, message));
  }

  /** Tries everything again that failed, in its order. */
  async retryAll(): Promise<void> {
    for (const message of this.failed) await this.retry(message.id);
  }

  /** What could not be sent, of what is shown. */
  get failed(): MessageView[] {
    return this.#messages.filter((message) => message.delivery?.state === 'failed');
  }

  async remove(message: number): Promise<void> {
    await this.#act(() => this.#host.rpc.deleteMessage(this.#host.account, message));
  }

  /** Tells the engine what was seen: on screen, in a window that has the focus. */
  considerRead(): void {
    if (this.#closed || !this.#loaded || !this.#host.attention.focused) return;
    const lowest = this.#view.lowest === null ? undefined : this.find(this.#view.lowest);
    if (!lowest) return;
    const read = this.#messages.findLast(
      (message) => message.direction === 'incoming' && !run.isAfter(message, lowest),
    );
    const anyUnread = this.#firstUnread !== null || this.#host.unread() > 0;
    if (!read || !anyUnread || (this.#marked && !run.isAfter(read, this.#marked))) return;
    const first = this.#firstUnread === null ? undefined : this.find(this.#firstUnread);
    if (first && run.isAfter(first, read)) return;
    const before = this.#marked;
    this.#marked = read;
    this.#host.rpc
      .markDisplayed(this.#host.account, this.conversation, read.id)
      .then(() => {
        const newest = this.#messages.findLast(({ direction }) => direction === 'incoming');
        if (newest && !run.isAfter(newest, read)) this.#firstUnread = null;
      })
      .catch(() => {
        // Not told yet: the next look tries again.
        this.#marked = before;
      });
  }

  close(): void {
    this.#closed = true;
  }

  /** A place that is on screen again needs no way back. */
  #forgetPlacesIn({ top, lowest }: View): void {
    const place = this.#back[this.#back.length - 1];
    const index = place === undefined ? -1 : run.indexOf(this.#messages, place);
    if (index < 0 || top === null || lowest === null) return;
    const [from, to] = [run.indexOf(this.#messages, top), run.indexOf(this.#messages, lowest)];
    if (from <= index && index <= to) this.#back = this.#back.slice(0, -1);
  }

  async #goTo(id: number, place: number | null): Promise<void> {
    await this.#alone(async () => {
      try {
        if (!this.find(id)) await this.#show(id);
        if (!this.find(id)) return;
        if (place !== null) this.#back = [...this.#back, place];
        this.#jump = { to: id, flash: true };
      } catch (thrown) {
        this.#problem = toApiError(thrown);
      }
    });
  }

  async #toEnd(): Promise<void> {
    await this.#alone(async () => {
      try {
        if (this.#hasNewer) {
          const latest = await this.#ask({ at: 'latest' }, firstPage());
          if (this.#closed) return;
          this.#take(latest, latest.has_older, false);
        }
        this.#jump = { to: 'end', flash: false };
      } catch (thrown) {
        this.#problem = toApiError(thrown);
      }
    });
  }

  /** Replaces what is shown by a message and what stands around it. */
  async #show(id: number, above = BEFORE_JUMP, below = firstPage()): Promise<void> {
    const fresh = await this.#around(id, above, below);
    if (this.#closed || !run.contains(fresh.messages, id)) return;
    this.#take(fresh, fresh.has_older, fresh.has_newer);
  }

  async #around(id: number, above: number, below: number) {
    const [older, newer] = await Promise.all([
      this.#ask({ at: 'before', message: id }, above),
      this.#ask({ at: 'from', message: id }, below),
    ]);
    return {
      messages: run.join(older.messages, newer.messages),
      has_older: older.has_older,
      has_newer: newer.messages.length === below,
      gaps: [...older.gaps, ...newer.gaps],
      first_unread: newer.first_unread,
    };
  }

  async #reload(): Promise<void> {
    if (this.#closed || !this.#loaded) return;
    try {
      const top = this.#view.top === null ? -1 : run.indexOf(this.#messages, this.#view.top);
      const count = this.#messages.length;
      if (this.#atBottom || top < 0) {
        const limit = Math.min(Math.max(count + 1, firstPage()), MAX_SHOWN);
        const latest = await this.#ask({ at: 'latest' }, limit);
        if (!this.#closed) this.#changed(latest, latest.has_older, false);
      } else {
        // Around what is on screen, so that this stays, wherever something came in.
        const id = this.#view.top ?? 0;
        const below = this.#hasNewer ? Math.max(count - top, 1) : MAX_SHOWN - top;
        const fresh = await this.#around(id, Math.max(top, 1), below);
        if (this.#closed) return;
        // The message on screen was deleted: the newest are shown.
        if (!run.contains(fresh.messages, id)) return await this.#toLatest();
        this.#changed(fresh, fresh.has_older, fresh.has_newer);
      }
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  async #toLatest(): Promise<void> {
    const latest = await this.#ask({ at: 'latest' }, firstPage());
    if (!this.#closed) this.#changed(latest, latest.has_older, false);
  }

  #changed(fresh: MessageWindow, hasOlder: boolean, hasNewer: boolean): void {
    const newest = run.last(this.#messages);
    const arrived = fresh.messages.filter(
      (message) =>
        message.direction === 'incoming' &&
        message.kind !== 'event' &&
        !run.contains(this.#messages, message.id) &&
        (!newest || message.position >= newest.position),
    );
    // A line that was read is moved to what is new now; one that was not stays.
    const lineIsRead = this.#newFrom === null || this.#firstUnread === null;
    this.#firstUnread = fresh.first_unread;
    const watching = this.#atBottom && this.#host.attention.focused;
    if (fresh.first_unread !== null && lineIsRead && !watching) this.#newFrom = fresh.first_unread;
    const wasBottom = this.#atBottom;
    this.#take(fresh, hasOlder, hasNewer);
    if (arrived.length > 0 && !hasNewer) this.#host.arrived(arrived);
    // At the end the view follows; what it then shows it tells itself.
    if (wasBottom) {
      const lowest = run.last(this.#messages);
      if (lowest) this.setView({ ...this.#view, lowest: lowest.id });
    } else {
      this.considerRead();
    }
  }

  #take(fresh: MessageWindow, hasOlder: boolean, hasNewer: boolean): void {
    this.#messages = fresh.messages;
    this.#gaps = new Set(fresh.gaps);
    this.#hasOlder = hasOlder;
    this.#hasNewer = hasNewer;
  }

  async #act(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
    await this.refresh();
  }

  /** One change of the run at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #ask(anchor: WindowAnchor, limit: number): Promise<MessageWindow> {
    return this.#host.rpc.messages(this.#host.account, this.conversation, anchor, limit);
  }
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { MessagePlace } from '../rpc/generated/MessagePlace';
import type { MessageView } from '../rpc/generated/MessageView';
import type { MessageWindow } from '../rpc/generated/MessageWindow';
import type { Rpc } from '../rpc/client';
import type { Attention } from './attention.svelte';
import { timelineDays } from './days';
import { Doorbell } from './doorbell';
import * as run from './message-run';
import { ReadMark } from './read-mark';
import { firstPage, MAX_SHOWN, ShownRun } from './shown-run.svelte';

/** What the timeline needs to know of its surroundings. */
export interface TimelineHost {
  rpc: Rpc;
  account: string;
  conversation: string;
  attention: Attention;
  /** Unread messages according to the conversation list. */
  unread(): number;
  /** The user had marked it as unread when it was opened. */
  markedUnread?: boolean;
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
 * is left: a run of neighbours, which moves through the conversation as the view
 * does.
 */
export class Timeline {
  readonly conversation: string;
  readonly #host: TimelineHost;
  readonly #run: ShownRun;
  readonly #read: ReadMark;
  readonly #refresh = new Doorbell(() => this.#run.alone(() => this.#reload()));
  #loaded = $state(false);
  #seeking = $state(false);
  /** Rises with each wish to be somewhere else; what comes of an earlier one is late. */
  #wish = 0;
  #newFrom = $state<number | null>(null);
  #days = $derived.by(() => timelineDays(this.#run.messages, this.#newFrom, this.#run.gaps));
  #view: View = { atEnd: false, top: null, lowest: null };
  #atBottom = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  /** The newest message that was ever on screen. */
  #seen = $state.raw<MessageView | null>(null);
  #newBelow = $derived.by(() => {
    const count = run.incomingAfter(this.#run.messages, this.#seen);
    return this.#run.hasNewer ? Math.max(count, this.#host.unread()) : count;
  });
  #jump = $state.raw<Jump | null>(null);
  #back = $state.raw<number[]>([]);
  #sent = $state(0);

  constructor(host: TimelineHost) {
    this.#host = host;
    this.conversation = host.conversation;
    const { rpc, account, conversation } = host;
    this.#run = new ShownRun((anchor, limit) => rpc.messages(account, conversation, anchor, limit));
    this.#read = new ReadMark((message) => rpc.markDisplayed(account, conversation, message));
    this.#read.marked = host.markedUnread ?? false;
  }

  get messages(): readonly MessageView[] {
    return this.#run.messages;
  }

  get days() {
    return this.#days;
  }

  get hasOlder(): boolean {
    return this.#run.hasOlder;
  }

  /** Whether the newest messages are further down than what is shown. */
  get hasNewer(): boolean {
    return this.#run.hasNewer;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  get loadingOlder(): boolean {
    return this.#run.loadingOlder;
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
    return this.#run.find(id);
  }

  /** The newest own message that can be edited. */
  get lastOwn(): MessageView | undefined {
    return this.#run.messages.findLast(
      (message) =>
        message.direction === 'outgoing' && message.kind === 'text' && message.retracted === null,
    );
  }

  /** Loads the newest messages, or those around the first unread one. */
  async open(): Promise<void> {
    await this.#run.alone(async () => {
      try {
        const latest = await this.#run.latest();
        if (this.#run.closed) return;
        const first = latest.first_unread;
        if (first !== null && latest.has_older && !run.contains(latest.messages, first)) {
          await this.#run.show(first);
        } else {
          this.#run.take(latest);
        }
        this.#read.firstUnread = first;
        this.#newFrom = first;
        const { messages } = this.#run;
        this.#seen = first === null ? run.last(messages) : run.before(messages, first);
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
    this.#run.rung();
    return this.#refresh.ring();
  }

  loadOlder(): Promise<void> {
    return this.#run.loadOlder();
  }

  loadNewer(): Promise<void> {
    return this.#run.loadNewer();
  }

  /** The view tells what it has on screen. */
  setView(view: View): void {
    this.#view = view;
    this.#atBottom = view.atEnd && !this.#run.hasNewer;
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
    this.#setOff();
    await this.#goTo(id, from ?? (this.#back.length > 0 ? null : this.#view.top));
  }

  /** Shows the message at a place that may not be on this device yet. */
  async seek(place: MessagePlace): Promise<void> {
    const wish = this.#setOff();
    this.#seeking = true;
    this.#problem = null;
    try {
      const { rpc, account } = this.#host;
      const id = await rpc.messaging.locate(account, this.conversation, place);
      if (wish === this.#wish && !this.#run.closed) await this.jumpTo(id);
    } catch (thrown) {
      if (wish !== this.#wish) return;
      const error = toApiError(thrown);
      // After the newest message there is nothing but it.
      if (place.at === 'from' && error.code === 'not-found') await this.jumpToLatest();
      else this.#problem = error;
    } finally {
      if (wish === this.#wish) this.#seeking = false;
    }
  }

  async jumpToLatest(): Promise<void> {
    this.#setOff();
    if (!this.#atBottom && this.#view.top !== null && !this.#jump) this.#back = [this.#view.top];
    await this.#toEnd();
  }

  /** To where one was before the last jump. */
  async goBack(): Promise<void> {
    const place = this.#back[this.#back.length - 1];
    if (place === undefined) return;
    this.#setOff();
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
    if (this.#read.held) this.takeMark();
    if (this.#run.hasNewer) void this.#toEnd();
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
    return this.#run.messages.filter((message) => message.delivery?.state === 'failed');
  }

  async remove(message: number): Promise<void> {
    await this.#act(() => this.#host.rpc.deleteMessage(this.#host.account, message));
  }

  /** Tells the engine what was seen: on screen, by somebody in front of a window with the focus. */
  considerRead(): void {
    if (this.#run.closed || !this.#loaded || !this.#host.attention.present) return;
    const lowest = this.#view.lowest === null ? undefined : this.find(this.#view.lowest);
    if (!lowest) return;
    this.#read.consider(() => this.#run.messages, lowest, this.#host.unread());
  }

  /**
   * Counts a message and all that came behind it as unread again. They stay so, though
   * they are on screen, until the conversation is opened again or answered.
   */
  async markUnreadFrom(message: MessageView): Promise<void> {
    const { rpc, account } = this.#host;
    const { conversation } = this;
    await this.#act(() =>
      // Nothing that was asked for before may say meanwhile that all was read.
      this.#run.alone(async () => {
        const from = message.id;
        await rpc.decide(account, { action: 'mark-unread', conversation, from });
        this.#read.held = true;
        const first = this.#run.messages.find(
          (one) => one.direction === 'incoming' && !run.isAfter(message, one),
        );
        this.#newFrom = first?.id ?? null;
        this.#read.firstUnread = this.#newFrom;
      }),
    );
  }

  /** It was marked as unread while it was open, and is opened again. */
  takeMark(): void {
    this.#read.held = false;
    this.#read.marked = true;
    this.considerRead();
  }

  close(): void {
    this.#run.close();
  }

  /** Somewhere else is wanted: what is looked for is not any more. */
  #setOff(): number {
    this.#seeking = false;
    this.#wish += 1;
    return this.#wish;
  }

  /** A place that is on screen again needs no way back. */
  #forgetPlacesIn({ top, lowest }: View): void {
    const place = this.#back[this.#back.length - 1];
    const index = place === undefined ? -1 : run.indexOf(this.#run.messages, place);
    if (index < 0 || top === null || lowest === null) return;
    const [from, to] = [
      run.indexOf(this.#run.messages, top),
      run.indexOf(this.#run.messages, lowest),
    ];
    if (from <= index && index <= to) this.#back = this.#back.slice(0, -1);
  }

  async #goTo(id: number, place: number | null): Promise<void> {
    await this.#run.alone(async () => {
      try {
        if (!this.find(id)) await this.#run.show(id);
        if (!this.find(id)) return;
        if (place !== null) this.#back = [...this.#back, place];
        this.#jump = { to: id, flash: true };
      } catch (thrown) {
        this.#problem = toApiError(thrown);
      }
    });
  }

  async #toEnd(): Promise<void> {
    await this.#run.alone(async () => {
      try {
        if (this.#run.hasNewer) {
          const latest = await this.#run.latest();
          if (this.#run.closed) return;
          this.#run.take(latest);
        }
        this.#jump = { to: 'end', flash: false };
      } catch (thrown) {
        this.#problem = toApiError(thrown);
      }
    });
  }

  async #reload(): Promise<void> {
    if (this.#run.closed || !this.#loaded) return;
    try {
      const { messages } = this.#run;
      const top = this.#view.top === null ? -1 : run.indexOf(messages, this.#view.top);
      const count = messages.length;
      if (this.#atBottom || top < 0) {
        await this.#toLatest(Math.min(Math.max(count + 1, firstPage()), MAX_SHOWN));
      } else {
        // Around what is on screen, so that this stays, wherever something came in.
        const id = this.#view.top ?? 0;
        const below = this.#run.hasNewer ? Math.max(count - top, 1) : MAX_SHOWN - top;
        const fresh = await this.#run.around(id, Math.max(top, 1), below);
        if (this.#run.closed) return;
        // The message on screen was deleted: the newest are shown.
        if (!run.contains(fresh.messages, id)) return await this.#toLatest();
        this.#changed(fresh, fresh.has_newer);
      }
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  async #toLatest(limit = firstPage()): Promise<void> {
    const latest = await this.#run.latest(limit);
    if (!this.#run.closed) this.#changed(latest, false);
  }

  #changed(fresh: MessageWindow, hasNewer: boolean): void {
    const newest = run.last(this.#run.messages);
    const arrived = fresh.messages.filter(
      (message) =>
        message.direction === 'incoming' &&
        message.kind !== 'event' &&
        !run.contains(this.#run.messages, message.id) &&
        (!newest || message.position >= newest.position),
    );
    // A line that was read is moved to what is new now; one that was not stays.
    const lineIsRead = this.#newFrom === null || this.#read.firstUnread === null;
    if (fresh.first_unread === null && this.#read.firstUnread !== null) this.#read.held = false;
    this.#read.firstUnread = fresh.first_unread;
    const watching = this.#atBottom && this.#host.attention.present;
    if (fresh.first_unread !== null && lineIsRead && !watching) this.#newFrom = fresh.first_unread;
    const wasBottom = this.#atBottom;
    this.#run.take(fresh, hasNewer);
    if (arrived.length > 0 && !hasNewer) this.#host.arrived(arrived);
    // At the end the view follows; what it then shows it tells itself.
    if (wasBottom) {
      const lowest = run.last(this.#run.messages);
      if (lowest) this.setView({ ...this.#view, lowest: lowest.id });
    } else {
      this.considerRead();
    }
  }

  async #act(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
    await this.refresh();
  }
}

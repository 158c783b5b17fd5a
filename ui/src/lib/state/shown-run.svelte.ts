import type { MessageView } from '../rpc/generated/MessageView';
import type { MessageWindow } from '../rpc/generated/MessageWindow';
import type { WindowAnchor } from '../rpc/generated/WindowAnchor';
import * as run from './message-run';

/** Few, so that no frame is late for them. */
const PAGE = 20;
/** What is drawn at once when a conversation is opened, at least and at most. */
const FIRST = { least: 30, most: 60 };
/** A message of one line takes so much of the window, and a first page fills it. */
const LEAST_ROW_PX = 24;
/** How much stands before a message that is jumped to. */
const BEFORE_JUMP = 30;
/** The most that is kept and drawn, and the contract's greatest window. */
export const MAX_SHOWN = 200;

/** How many messages are drawn at once when a conversation is opened: what is not seen costs time, too. */
export function firstPage(): number {
  const fill = Math.ceil(window.innerHeight / LEAST_ROW_PX);
  return Math.min(Math.max(fill, FIRST.least), FIRST.most);
}

/** Asks for messages at a place of the conversation. */
export type Ask = (anchor: WindowAnchor, limit: number) => Promise<MessageWindow>;

/** What stands around a message. */
export type Around = MessageWindow & { has_newer: boolean };

/**
 * The messages of a conversation that are shown: a run of at most [`MAX_SHOWN`]
 * neighbours, which grows at either end and forgets the other.
 */
export class ShownRun {
  readonly #ask: Ask;
  #messages = $state.raw<MessageView[]>([]);
  #gaps = $state.raw<ReadonlySet<number>>(new Set());
  #hasOlder = $state(false);
  #hasNewer = $state(false);
  #loadingOlder = $state(false);
  #loadingNewer = false;
  /** The archive is asked for what is older; a change tells that it came. */
  #awaitsOlder = false;
  #closed = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  get messages(): readonly MessageView[] {
    return this.#messages;
  }

  /** Messages before which something is missing. */
  get gaps(): ReadonlySet<number> {
    return this.#gaps;
  }

  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  get hasNewer(): boolean {
    return this.#hasNewer;
  }

  get loadingOlder(): boolean {
    return this.#loadingOlder;
  }

  get closed(): boolean {
    return this.#closed;
  }

  find(id: number): MessageView | undefined {
    return this.#messages.find((message) => message.id === id);
  }

  /** One change of the run at a time. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Something came: what was asked for may be there now. */
  rung(): void {
    this.#awaitsOlder = false;
  }

  latest(limit = firstPage()): Promise<MessageWindow> {
    return this.#ask({ at: 'latest' }, limit);
  }

  async around(id: number, above: number, below: number): Promise<Around> {
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

  take(fresh: MessageWindow, hasNewer = false): void {
    this.#messages = fresh.messages;
    this.#gaps = new Set(fresh.gaps);
    this.#hasOlder = fresh.has_older;
    this.#hasNewer = hasNewer;
  }

  /** Replaces what is shown by a message and what stands around it. */
  async show(id: number): Promise<void> {
    const fresh = await this.around(id, BEFORE_JUMP, firstPage());
    if (this.#closed || !run.contains(fresh.messages, id)) return;
    this.take(fresh, fresh.has_newer);
  }

  async loadOlder(): Promise<void> {
    if (!this.#hasOlder || this.#loadingOlder || this.#awaitsOlder) return;
    this.#loadingOlder = true;
    await this.alone(async () => {
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
    await this.alone(async () => {
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

  close(): void {
    this.#closed = true;
  }
}

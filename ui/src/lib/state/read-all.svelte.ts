import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Rpc } from '../rpc/client';
import { isUnread } from './list-filter';

/** So long it can be taken back: the others are told only then. */
export const UNDO_MS = 10_000;

/** What is to be read of a conversation. */
interface Pending {
  /** So many messages were unread. */
  count: number;
  /** The newest of them; what comes after it has been seen by nobody. */
  newest: Promise<number | null>;
}

/** "Mark all as read", which asks nothing and can be taken back for a while. */
export class ReadAll {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #changed: () => Promise<void>;
  /** By conversation. */
  #pending = $state.raw<ReadonlyMap<string, Pending>>(new Map());
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(rpc: Rpc, account: string, changed: () => Promise<void>) {
    this.#rpc = rpc;
    this.#account = account;
    this.#changed = changed;
  }

  /** How many conversations can be taken back; 0 when there is nothing to undo. */
  get undoable(): number {
    return this.#pending.size;
  }

  /** The row as it looks now; what came in since then is unread. */
  seen(row: ConversationView): ConversationView {
    const pending = this.#pending.get(row.id);
    if (pending === undefined) return row;
    const unread = Math.max(0, row.unread - pending.count);
    return {
      ...row,
      unread,
      unread_mentions: Math.min(row.unread_mentions, unread),
      marked_unread: false,
    };
  }

  start(rows: readonly ConversationView[]): void {
    const unread = rows.filter(isUnread);
    if (unread.length === 0) return;
    this.#pending = new Map([
      ...this.#pending,
      ...unread.map((row): [string, Pending] => [
        row.id,
        {
          count: row.unread + (this.#pending.get(row.id)?.count ?? 0),
          newest: this.#newest(row.id),
        },
      ]),
    ]);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.commit(), UNDO_MS);
  }

  undo(): void {
    clearTimeout(this.#timer);
    this.#pending = new Map();
  }

  /** Tells the engine, which tells the other devices. */
  async commit(): Promise<void> {
    clearTimeout(this.#timer);
    const pending = this.#pending;
    for (const [conversation, { newest }] of pending) await this.#mark(conversation, await newest);
    await this.#changed();
    // What was asked for meanwhile has its own ten seconds.
    this.#pending = new Map([...this.#pending].filter(([id, later]) => pending.get(id) !== later));
  }

  /** At once, with all that is there. */
  async commitOne(conversation: string): Promise<void> {
    await this.#mark(conversation, await this.#newest(conversation));
  }

  /** Nothing if there is no message, or if it cannot be told. */
  async #newest(conversation: string): Promise<number | null> {
    try {
      const latest = { at: 'latest' } as const;
      const { messages } = await this.#rpc.messages(this.#account, conversation, latest, 1);
      return messages[messages.length - 1]?.id ?? null;
    } catch {
      return null;
    }
  }

  async #mark(conversation: string, newest: number | null): Promise<void> {
    if (newest === null) return;
    try {
      await this.#rpc.markDisplayed(this.#account, conversation, newest);
    } catch {
      // It stays unread, which can be seen and tried again.
    }
  }

  /** What was asked for is done now, if anything was. */
  async settle(): Promise<void> {
    if (this.#pending.size > 0) await this.commit();
  }

  /** The account is left. */
  close(): void {
    void this.settle();
    clearTimeout(this.#timer);
  }
}

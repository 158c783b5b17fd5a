import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Rpc } from '../rpc/client';
import { isUnread } from './list-filter';

/** So long it can be taken back: the others are told only then. */
export const UNDO_MS = 10_000;

/** "Mark all as read", which asks nothing and can be taken back for a while. */
export class ReadAll {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #changed: () => Promise<void>;
  /** Unread messages that are to be read, by conversation. */
  #pending = $state.raw<ReadonlyMap<string, number>>(new Map());
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
    const unread = Math.max(0, row.unread - pending);
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
      ...unread.map((row): [string, number] => [
        row.id,
        row.unread + (this.#pending.get(row.id) ?? 0),
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
    const conversations = [...this.#pending.keys()];
    for (const conversation of conversations) await this.commitOne(conversation);
    await this.#changed();
    this.#pending = new Map();
  }

  async commitOne(conversation: string): Promise<void> {
    try {
      const { messages } = await this.#rpc.messages(
        this.#account,
        conversation,
        { at: 'latest' },
        1,
      );
      const newest = messages[messages.length - 1];
      if (newest) await this.#rpc.markDisplayed(this.#account, conversation, newest.id);
    } catch {
      // It stays unread, which can be seen and tried again.
    }
  }

  /** The account is left: what was asked for is done. */
  close(): void {
    if (this.#pending.size > 0) void this.commit();
    clearTimeout(this.#timer);
  }
}

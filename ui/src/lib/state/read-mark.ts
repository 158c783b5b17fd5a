import type { MessageView } from '../rpc/generated/MessageView';
import * as run from './message-run';

/** How far a conversation was read, and telling so. */
export class ReadMark {
  readonly #tell: (message: number) => Promise<unknown>;
  /** The first unread message, as the engine has said last. */
  firstUnread: number | null = null;
  /** Opened though it was marked as unread: the mark goes with the next look. */
  marked = false;
  /** Marked as unread from some message on: what is on screen is not read until it is opened anew. */
  held = false;
  #told: MessageView | null = null;

  constructor(tell: (message: number) => Promise<unknown>) {
    this.#tell = tell;
  }

  /**
   * Tells what was seen: all up to `lowest`, the last of the messages that is on
   * screen. `unread` is their number according to the conversation list.
   */
  consider(messages: () => readonly MessageView[], lowest: MessageView, unread: number): void {
    if (this.held) return;
    const came = messages().findLast(
      (message) => message.direction === 'incoming' && !run.isAfter(message, lowest),
    );
    const { marked } = this;
    const read = came ?? (marked ? lowest : undefined);
    const anyUnread = this.firstUnread !== null || unread > 0;
    if (!read || !(anyUnread || marked)) return;
    if (!marked && this.#told && !run.isAfter(read, this.#told)) return;
    const first = messages().find(({ id }) => id === this.firstUnread);
    if (first && run.isAfter(first, read)) return;
    const before = this.#told;
    this.#told = read;
    this.marked = false;
    this.#tell(read.id)
      .then(() => {
        const newest = messages().findLast(({ direction }) => direction === 'incoming');
        if (newest && !run.isAfter(newest, read)) this.firstUnread = null;
      })
      .catch(() => {
        // Not told yet: the next look tries again.
        this.#told = before;
        this.marked = marked;
      });
  }
}

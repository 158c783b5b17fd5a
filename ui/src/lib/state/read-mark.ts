import type { MessageView } from '../rpc/generated/MessageView';
import * as run from './message-run';

/** How far a conversation was read, and telling so. */
export class ReadMark {
  readonly #tell: (message: number) => Promise<unknown>;
  /** The first unread message, as the engine has said last. */
  firstUnread: number | null = null;
  #marked: MessageView | null = null;

  constructor(tell: (message: number) => Promise<unknown>) {
    this.#tell = tell;
  }

  /**
   * Tells what was seen: all up to `lowest`, the last of the messages that is on
   * screen. `unread` is their number according to the conversation list.
   */
  consider(messages: () => readonly MessageView[], lowest: MessageView, unread: number): void {
    const read = messages().findLast(
      (message) => message.direction === 'incoming' && !run.isAfter(message, lowest),
    );
    const anyUnread = this.firstUnread !== null || unread > 0;
    if (!read || !anyUnread || (this.#marked && !run.isAfter(read, this.#marked))) return;
    const first = messages().find(({ id }) => id === this.firstUnread);
    if (first && run.isAfter(first, read)) return;
    const before = this.#marked;
    this.#marked = read;
    this.#tell(read.id)
      .then(() => {
        const newest = messages().findLast(({ direction }) => direction === 'incoming');
        if (newest && !run.isAfter(newest, read)) this.firstUnread = null;
      })
      .catch(() => {
        // Not told yet: the next look tries again.
        this.#marked = before;
      });
  }
}

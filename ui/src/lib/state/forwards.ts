import type { MessageView } from '../rpc/generated/MessageView';

/** Forwarding several messages: what has arrived is not sent again when the rest is tried again. */
export class Forwards {
  /** Ids of what arrived, by conversation; of what failed on the way alone. */
  readonly #done = new Map<string, Set<number>>();

  /** One after another, in their order, up to the first that throws. */
  async send(
    messages: readonly MessageView[],
    conversation: string,
    sendOne: (id: number) => Promise<unknown>,
  ): Promise<void> {
    const done = this.#done.get(conversation) ?? new Set();
    this.#done.set(conversation, done);
    for (const { id } of messages) {
      if (done.has(id)) continue;
      await sendOne(id);
      done.add(id);
    }
    this.#done.delete(conversation);
  }

  /** What comes is another matter, and no second try. */
  forget(): void {
    this.#done.clear();
  }
}

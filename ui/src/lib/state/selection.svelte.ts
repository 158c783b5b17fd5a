import type { MessageView } from '../rpc/generated/MessageView';
import * as run from './message-run';
import type { Timeline } from './timeline.svelte';

/**
 * Messages that are being chosen. They stay chosen when the timeline moves on,
 * which shows a few of a long conversation.
 */
export class Selection {
  readonly #timeline: Timeline;
  /** By id, as the timeline showed them last. */
  #chosen = $state.raw<Map<number, MessageView> | null>(null);
  #messages = $derived.by(() => this.#look());

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** The chosen ones by id, in their order; nothing while none are being chosen. */
  get messages(): ReadonlyMap<number, MessageView> | null {
    return this.#messages;
  }

  start(message: MessageView): void {
    this.#chosen = new Map([[message.id, message]]);
  }

  toggle(message: MessageView): void {
    const chosen = new Map(this.#chosen);
    if (!chosen.delete(message.id)) chosen.set(message.id, message);
    this.#chosen = chosen;
  }

  stop(): void {
    this.#chosen = null;
  }

  #look(): Map<number, MessageView> | null {
    const chosen = this.#chosen;
    if (!chosen) return null;
    for (const message of this.#timeline.messages) {
      if (chosen.has(message.id)) chosen.set(message.id, message);
    }
    const left = [...chosen.values()]
      .filter((message) => message.retracted === null && !this.#isDeleted(message))
      .sort((a, b) => (run.isAfter(a, b) ? 1 : -1));
    return new Map(left.map((message) => [message.id, message]));
  }

  /** What is shown reaches over its place, and it is not there. */
  #isDeleted(message: MessageView): boolean {
    const { messages, hasOlder, hasNewer } = this.#timeline;
    if (run.contains(messages, message.id)) return false;
    const [first, last] = [messages[0], run.last(messages)];
    const above = !hasOlder || (first !== undefined && run.isAfter(message, first));
    const below = !hasNewer || (last !== null && run.isAfter(last, message));
    return above && below;
  }
}

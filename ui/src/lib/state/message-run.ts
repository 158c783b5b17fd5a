import type { MessageView } from '../rpc/generated/MessageView';

/** What can be asked of messages that stand one after another. */

/** Their order: `(position, id)`. */
export function isAfter(a: MessageView, b: MessageView): boolean {
  return a.position === b.position ? a.id > b.id : a.position > b.position;
}

export function indexOf(messages: readonly MessageView[], id: number): number {
  return messages.findIndex((message) => message.id === id);
}

export function contains(messages: readonly MessageView[], id: number): boolean {
  return messages.some((message) => message.id === id);
}

export function last(messages: readonly MessageView[]): MessageView | null {
  return messages[messages.length - 1] ?? null;
}

export function before(messages: readonly MessageView[], id: number): MessageView | null {
  return messages[indexOf(messages, id) - 1] ?? null;
}

/** Two runs as one; what is in both is taken from the later one. */
export function join(
  earlier: readonly MessageView[],
  later: readonly MessageView[],
): MessageView[] {
  const known = new Set(later.map((message) => message.id));
  return [...earlier.filter((message) => !known.has(message.id)), ...later];
}

export function incomingAfter(messages: readonly MessageView[], seen: MessageView | null): number {
  return messages.filter(
    (message) =>
      message.direction === 'incoming' &&
      message.kind !== 'event' &&
      (!seen || isAfter(message, seen)),
  ).length;
}

import { isSameDay, startOfDay } from '../i18n/format';
import type { Direction } from '../rpc/generated/Direction';
import type { MessageView } from '../rpc/generated/MessageView';

/** Messages of one author closer than this are one block. */
export const BLOCK_GAP_MS = 5 * 60_000;

export interface Block {
  kind: 'block';
  key: string;
  direction: Direction;
  author: string;
  authorName: string;
  messages: MessageView[];
}

export type DayItem = { kind: 'new'; key: string } | Block;

/** Neighbouring messages of one local day, under one separator. */
export interface Day {
  key: string;
  ms: number;
  items: DayItem[];
}

/**
 * What the timeline shows, from the messages in their order: a separator at
 * each local midnight, a line before the first new message, and blocks of
 * neighbours by one author within five minutes.
 */
export function timelineDays(messages: readonly MessageView[], newFrom: number | null): Day[] {
  const days: Day[] = [];
  // A message may carry an older time than its neighbours, so a day can come twice.
  const seen = new Map<number, number>();
  let previous: MessageView | undefined;
  let day: Day | undefined;
  let block: Block | undefined;
  for (const message of messages) {
    if (!day || !previous || !isSameDay(previous.time_ms, message.time_ms)) {
      const start = startOfDay(message.time_ms);
      const times = seen.get(start) ?? 0;
      seen.set(start, times + 1);
      day = { key: `${start}-${times}`, ms: message.time_ms, items: [] };
      days.push(day);
      block = undefined;
    }
    if (message.id === newFrom) {
      day.items.push({ kind: 'new', key: 'new' });
      block = undefined;
    }
    if (block && previous && continues(block, previous, message)) {
      block.messages.push(message);
    } else {
      block = {
        kind: 'block',
        key: `block-${message.id}`,
        direction: message.direction,
        author: message.author,
        authorName: message.author_name,
        messages: [message],
      };
      day.items.push(block);
    }
    previous = message;
  }
  return days;
}

function continues(block: Block, previous: MessageView, message: MessageView): boolean {
  return (
    block.author === message.author &&
    block.direction === message.direction &&
    Math.abs(message.time_ms - previous.time_ms) < BLOCK_GAP_MS
  );
}

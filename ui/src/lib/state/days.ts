import { isSameDay, startOfDay } from '../i18n/format';
import type { MessageView } from '../rpc/generated/MessageView';

/** Messages of one author closer than this are one block. */
export const BLOCK_GAP_MS = 5 * 60_000;

export type DayItem =
  /** The line above what is new. */
  | { kind: 'new'; key: string }
  /** Something is missing here and is being fetched. */
  | { kind: 'gap'; key: string }
  /** `head`: it begins a block, so avatar, name and time stand with it. */
  | { kind: 'message'; key: string; message: MessageView; head: boolean }
  /** Things that happened in a room, one after another. */
  | { kind: 'events'; key: string; messages: MessageView[] };

/** Neighbouring messages of one local day, under one separator. */
export interface Day {
  key: string;
  ms: number;
  items: DayItem[];
}

/**
 * What the timeline shows, from the messages in their order: a separator at
 * each local midnight, a line before the first new message, a row where
 * something is missing, and blocks of neighbours by one author within five
 * minutes. Keys stay as they are when pages are put in front or behind.
 */
export function timelineDays(
  messages: readonly MessageView[],
  newFrom: number | null,
  gaps: ReadonlySet<number> = new Set(),
): Day[] {
  const days: Day[] = [];
  // A message may carry an older time than its neighbours, so a day can come twice.
  const seen = new Map<number, number>();
  let previous: MessageView | undefined;
  let day: Day | undefined;
  for (const message of messages) {
    const gap = gaps.has(message.id);
    if (!day || !previous || !isSameDay(previous.time_ms, message.time_ms)) {
      const start = startOfDay(message.time_ms);
      const times = seen.get(start) ?? 0;
      seen.set(start, times + 1);
      day = { key: `${start}-${times}`, ms: message.time_ms, items: [] };
      days.push(day);
      previous = undefined;
    }
    if (gap) {
      day.items.push({ kind: 'gap', key: `gap-${message.id}` });
      previous = undefined;
    }
    if (message.id === newFrom) {
      day.items.push({ kind: 'new', key: 'new' });
      previous = undefined;
    }
    const last = day.items[day.items.length - 1];
    if (message.kind === 'event') {
      if (last?.kind === 'events') last.messages.push(message);
      else day.items.push({ kind: 'events', key: `events-${message.id}`, messages: [message] });
    } else {
      const head = !previous || !continues(previous, message);
      day.items.push({ kind: 'message', key: `message-${message.id}`, message, head });
    }
    previous = message;
  }
  return days;
}

function continues(previous: MessageView, message: MessageView): boolean {
  return (
    previous.kind !== 'event' &&
    previous.author === message.author &&
    previous.author_name === message.author_name &&
    previous.direction === message.direction &&
    Math.abs(message.time_ms - previous.time_ms) < BLOCK_GAP_MS
  );
}

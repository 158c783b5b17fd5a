import type { ConversationView } from '../rpc/generated/ConversationView';

/** Which conversations the list shows. */
export type ListFilter = 'all' | 'unread' | 'mentions' | 'direct' | 'rooms' | 'archived';

export const LIST_FILTERS: readonly ListFilter[] = [
  'all',
  'unread',
  'mentions',
  'direct',
  'rooms',
  'archived',
];

export function passes(row: ConversationView, filter: ListFilter): boolean {
  if (filter === 'archived') return row.archived;
  if (row.archived) return false;
  switch (filter) {
    case 'all':
      return true;
    case 'unread':
      return isUnread(row);
    case 'mentions':
      return row.unread_mentions > 0;
    case 'direct':
      return row.kind === 'direct';
    case 'rooms':
      return row.kind === 'room';
  }
}

/** Whether there is something to come back to. */
export function isUnread(row: ConversationView): boolean {
  return row.unread > 0 || row.marked_unread;
}

/**
 * What a row adds to the number on the rail, as the shell counts it for tray and
 * task bar: a row that is muted or put away shows no number, so it adds none.
 */
export function badgeOf(row: ConversationView): number {
  return row.archived || row.notify === 'none' ? 0 : row.unread;
}

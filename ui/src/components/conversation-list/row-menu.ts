import { i18n } from '../../lib/i18n/i18n.svelte';
import type { ConversationView } from '../../lib/rpc/generated/ConversationView';
import type { ConversationList } from '../../lib/state/conversation-list.svelte';
import { isUnread } from '../../lib/state/list-filter';
import type { MenuItem } from '../shared/menu';

const HOUR_MS = 3_600_000;

/** Eight in the morning of the next day, when an office begins. */
export function tomorrowMorning(now: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1, 8).getTime();
}

/** What can be done with a conversation from the list. */
export function rowMenu(
  list: ConversationList,
  row: ConversationView,
  onleave: () => void,
): MenuItem[] {
  const conversation = row.id;
  const muted = row.notify === 'none';
  const items: MenuItem[] = [
    {
      id: 'pin',
      label: row.pinned ? i18n.t('menu.unpin') : i18n.t('menu.pin'),
      icon: 'pin',
      act: () =>
        void list.decide(
          row.pinned
            ? { action: 'unpin', conversation }
            : { action: 'pin', conversation, place: null },
        ),
    },
    isUnread(row)
      ? {
          id: 'read',
          label: i18n.t('menu.mark-read'),
          icon: 'check',
          act: () => void list.markRead(conversation),
        }
      : {
          id: 'unread',
          label: i18n.t('menu.mark-unread'),
          icon: 'chats',
          act: () => void list.decide({ action: 'mark-unread', conversation }),
        },
  ];
  if (muted) {
    items.push({
      id: 'unmute',
      label: i18n.t('menu.unmute'),
      icon: 'bellOff',
      apart: true,
      act: () => void list.unmute(row),
    });
  } else {
    if (row.kind === 'room') {
      items.push({
        id: 'mentions',
        label: i18n.t('menu.mentions-only'),
        apart: true,
        checked: row.notify === 'mentions',
        act: () =>
          void list.decide({
            action: 'set-notify',
            conversation,
            notify: row.notify === 'mentions' ? 'all' : 'mentions',
            until_ms: null,
          }),
      });
    }
    items.push(
      {
        id: 'mute-hour',
        label: i18n.t('menu.mute-hour'),
        icon: 'bellOff',
        apart: row.kind !== 'room',
        act: () => void list.mute(row, Date.now() + HOUR_MS),
      },
      {
        id: 'mute-tomorrow',
        label: i18n.t('menu.mute-tomorrow'),
        icon: 'bellOff',
        act: () => void list.mute(row, tomorrowMorning(Date.now())),
      },
      {
        id: 'mute',
        label: i18n.t('menu.mute'),
        icon: 'bellOff',
        act: () => void list.mute(row, null),
      },
    );
  }
  items.push({
    id: 'archive',
    label: row.archived ? i18n.t('menu.take-back') : i18n.t('menu.put-away'),
    icon: 'archive',
    apart: true,
    act: () => void list.decide({ action: 'archive', conversation, archived: !row.archived }),
  });
  if (row.kind === 'room') {
    items.push({
      id: 'leave',
      label: i18n.t('menu.leave'),
      icon: 'back',
      danger: true,
      act: onleave,
    });
  }
  return items;
}

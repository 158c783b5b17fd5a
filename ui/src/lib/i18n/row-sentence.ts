import type { ConversationView } from '../rpc/generated/ConversationView';
import { fileKind, isMusic } from '../text/file-kind';
import { listTime } from './format';
import { i18n } from './i18n.svelte';

/** A row of the list with all that is to be seen of it, for who hears it. */
export function rowSentence(
  row: ConversationView,
  { note, draft, now }: { note: string; draft: string; now: number },
): string {
  const comma = i18n.t('a11y.comma');
  const there = row.kind === 'direct' && row.presence !== 'offline';
  const who = [
    row.name,
    note,
    there ? i18n.t(`presence.${row.presence}`) : '',
    row.pinned ? i18n.t('list.pinned') : '',
    row.notify === 'none' ? i18n.t('list.muted') : '',
    row.last_activity_ms === null ? '' : listTime(row.last_activity_ms, now, i18n.locale),
  ];
  const state = row.last_state?.state;
  const more = [
    i18n.t('list.author', { name: joined(who, comma), text: preview(row, draft) }),
    state === 'failed' ? i18n.t('list.failed') : '',
    state === 'waiting' ? i18n.t('list.waiting') : '',
    row.unread_mentions > 0 ? i18n.t('list.mentioned') : '',
    unread(row),
  ];
  return joined(more, i18n.t('a11y.apart'));
}

function preview(row: ConversationView, draft: string): string {
  if (row.typing) return i18n.t('list.typing');
  if (draft !== '') return `${i18n.t('list.draft')} ${draft}`;
  if (row.last_activity_ms === null) return i18n.t('list.nothing-yet');
  const text = lastText(row);
  if (row.preview_is_mine) return i18n.t('list.mine', { text });
  return row.kind === 'room' && row.preview_author !== ''
    ? i18n.t('list.author', { name: row.preview_author, text })
    : text;
}

/** The newest message in a row: its text, or of what kind its file is. */
export function lastText({
  preview,
  preview_media,
}: Pick<ConversationView, 'preview' | 'preview_media'>): string {
  if (preview_media === undefined) return preview;
  const file = { media_type: preview_media, name: preview };
  const kind = fileKind(file);
  if (kind === 'picture') return i18n.t('list.picture');
  if (kind === 'video') return i18n.t('list.video');
  if (kind === 'audio' && !isMusic(file)) return i18n.t('list.voice');
  return i18n.t('list.file', { name: preview }).trim();
}

function unread(row: ConversationView): string {
  if (row.unread > 0) return i18n.count('list.unread', row.unread);
  return row.marked_unread ? i18n.t('list.marked-unread') : '';
}

function joined(parts: readonly string[], by: string): string {
  return parts.filter((part) => part !== '').join(by);
}

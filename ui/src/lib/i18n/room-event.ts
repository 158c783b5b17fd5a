import { i18n } from './i18n.svelte';
import type { MessageKey } from './keys';
import type { RoomEventKind } from '../rpc/generated/RoomEventKind';
import type { RoomEventView } from '../rpc/generated/RoomEventView';

interface Sentences {
  text: MessageKey;
  /** Of the person who reads it. */
  me?: MessageKey;
  by?: MessageKey;
  meBy?: MessageKey;
}

// `satisfies Record` makes a new kind a compile error until it has a sentence.
const sentences = {
  joined: { text: 'event.joined' },
  left: { text: 'event.left' },
  renamed: { text: 'event.renamed', me: 'event.renamed.me' },
  kicked: {
    text: 'event.kicked',
    me: 'event.kicked.me',
    by: 'event.kicked.by',
    meBy: 'event.kicked.me.by',
  },
  banned: {
    text: 'event.banned',
    me: 'event.banned.me',
    by: 'event.banned.by',
    meBy: 'event.banned.me.by',
  },
  'members-only': { text: 'event.members-only', me: 'event.members-only.me' },
  subject: { text: 'event.subject', me: 'event.subject.me' },
  'made-owner': { text: 'event.made-owner', me: 'event.made-owner.me' },
  'made-admin': { text: 'event.made-admin', me: 'event.made-admin.me' },
  'made-member': { text: 'event.made-member', me: 'event.made-member.me' },
  'made-nobody': { text: 'event.made-nobody', me: 'event.made-nobody.me' },
} satisfies Record<RoomEventKind, Sentences>;

const NO_SUBJECT: Sentences = { text: 'event.subject.none', me: 'event.subject.none.me' };

/** Kinds whose text is part of the sentence and no reason. */
const SAID: readonly RoomEventKind[] = ['renamed', 'subject'];

/** A line about something that happened in a room. */
export function eventLine(event: RoomEventView): string {
  const { what, who, me, by, text } = event;
  const forms: Sentences = what === 'subject' && text === '' ? NO_SUBJECT : sentences[what];
  const plain = (me ? forms.me : undefined) ?? forms.text;
  const acted = by === null ? undefined : me ? forms.meBy : forms.by;
  const line = i18n.t(acted ?? plain, { who, text, by: by ?? '' });
  if (text === '' || SAID.includes(what)) return line;
  return i18n.t('event.reason', { event: line, reason: text });
}

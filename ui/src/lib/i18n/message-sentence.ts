import { describeCode } from '../errors/describe';
import type { AttachmentView } from '../rpc/generated/AttachmentView';
import type { DeliveryState } from '../rpc/generated/DeliveryState';
import type { MessageView } from '../rpc/generated/MessageView';
import { fileKind } from '../text/file-kind';
import { plainText } from '../text/plain-text';
import { clock } from './format';
import { i18n } from './i18n.svelte';
import type { MessageKey } from './keys';

/** What the state of an own message that is on its way or there is called. */
export const stateKeys = {
  waiting: 'message.waiting',
  sent: 'message.sent',
  delivered: 'message.delivered',
  read: 'message.read',
} as const satisfies Record<Exclude<DeliveryState['state'], 'failed'>, MessageKey>;

/** The line that is left of a message that was taken back; nothing for the others. */
export function goneText({ retracted, direction, author_name }: MessageView): string {
  if (!retracted) return '';
  if (retracted.by === null) {
    return direction === 'outgoing'
      ? i18n.t('message.retracted-mine')
      : i18n.t('message.retracted', { name: author_name });
  }
  return retracted.by === ''
    ? i18n.t('message.removed')
    : i18n.t('message.removed-by', { name: retracted.by });
}

/** A message with all that is to be seen of it, for who hears it. */
export function messageSentence(message: MessageView): string {
  const gone = goneText(message);
  const text = gone ? [gone] : [plainText(message.text, message.unstyled), ...rest(message)];
  const name = message.direction === 'outgoing' ? i18n.t('timeline.you') : message.author_name;
  return i18n.t('a11y.message', {
    name,
    time: clock(message.time_ms, i18n.locale),
    text: text.filter((part) => part !== '').join(i18n.t('a11y.apart')),
  });
}

function rest(message: MessageView): string[] {
  const { reply, edited_ms, reactions, delivery, attachments } = message;
  return [
    message.encrypted ? i18n.t('message.encrypted') : '',
    files(attachments),
    reply ? i18n.t('a11y.reply', { name: reply.author_name, text: plainText(reply.excerpt) }) : '',
    edited_ms === null ? '' : i18n.t('message.edited'),
    reactions
      .map(({ emoji, count }) => i18n.t('message.reaction', { emoji, count }))
      .join(i18n.t('list.separator')),
    delivery ? state(delivery) : '',
  ];
}

function files(all: readonly AttachmentView[]): string {
  if (all.length === 0) return '';
  const names = all
    .map(({ name }) => name || i18n.t('file.unnamed'))
    .join(i18n.t('list.separator'));
  const key = all.every((file) => fileKind(file) === 'picture') ? 'a11y.pictures' : 'a11y.files';
  return i18n.count(key, all.length, { names });
}

function state(delivery: DeliveryState): string {
  if (delivery.state !== 'failed') return i18n.t(stateKeys[delivery.state]);
  return i18n.t('message.failed', { reason: describeCode(delivery.code) });
}

import { clock, isSameDay, startOfDay } from '../i18n/format';
import type { Locale } from '../i18n/keys';
import type { MessageView } from '../rpc/generated/MessageView';

/**
 * Messages as text to be copied: one gives its bare text, several give a line
 * each, with name and time, and with the date where they are of several days.
 */
export function copyLines(messages: readonly MessageView[], locale: Locale): string {
  const [first, ...rest] = messages;
  if (!first) return '';
  if (rest.length === 0) return textOf(first);
  const oneDay = rest.every((message) => isSameDay(message.time_ms, first.time_ms));
  return messages
    .filter((message) => message.retracted === null)
    .map((message) => {
      const time = clock(message.time_ms, locale);
      const when = oneDay ? time : `${date(message.time_ms)} ${time}`;
      return `${message.author_name} ${when} ${textOf(message)}`;
    })
    .join('\n');
}

function textOf({ text, attachments }: MessageView): string {
  const files = attachments.map(({ name }) => `[${name}]`);
  return [text, ...files].filter((part) => part !== '').join(' ');
}

/** A date that sorts, the same in every language. */
function date(ms: number): string {
  const day = new Date(startOfDay(ms));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

import type { MentionInput } from '../rpc/generated/MentionInput';

/** Somebody who is reminded. */
export interface Nudged {
  name: string;
  address: string;
}

/** So many people one reminder names; who has more to remind writes to everybody. */
export const MOST_NUDGED = 50;

/** A message that names people and asks them something. */
export function nudgeText(
  people: readonly Nudged[],
  request: string,
): { text: string; mentions: MentionInput[] } {
  let text = '';
  const mentions: MentionInput[] = [];
  for (const { name, address } of people.slice(0, MOST_NUDGED)) {
    const start = text.length;
    text += `@${name}`;
    mentions.push({ start, end: text.length, address });
    text += ' ';
  }
  return { text: text + request, mentions };
}

import type { MentionInput } from '../rpc/generated/MentionInput';

/** Somebody who was chosen while writing. */
export interface Chosen {
  name: string;
  address: string;
}

/**
 * Where the text names those who were chosen. A name that was changed or deleted
 * since is no mention any more; one that stands twice is one twice. The longer of
 * two names that fit wins.
 */
export function mentionsIn(text: string, chosen: readonly Chosen[]): MentionInput[] {
  const names = [...chosen].sort((a, b) => b.name.length - a.name.length);
  const found: MentionInput[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const one = names.find(({ name }) => text.startsWith(`@${name}`, at));
    if (!one) continue;
    const end = at + 1 + one.name.length;
    found.push({ start: at, end, address: one.address });
    at = end - 1;
  }
  return found;
}

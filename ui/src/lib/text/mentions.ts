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

/**
 * Those of the people whom a text names by itself, as `@name`: of a draft nobody knows any
 * more who was chosen. Who shares a name with somebody else is not guessed.
 */
export function namedIn(text: string, people: readonly Chosen[]): Chosen[] {
  return people.filter(({ name, address }) => {
    if (name === '') return false;
    const isTaken = people.some((one) => one.name === name && one.address !== address);
    return !isTaken && standsIn(text, `@${name}`);
  });
}

/** Whether it stands there as a word of its own, so that "@Li" is not in "@Linda". */
function standsIn(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = text.slice(0, at);
    const around = (word.at(-1) ?? '') + text.charAt(at + word.length);
    if (!/[A-Za-z0-9._@-]$/.test(before) && !/^[\p{L}\p{N}][A-Za-z0-9_]$/u.test(around))
      return true;
  }
  return false;
}

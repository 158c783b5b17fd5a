export const AVATAR_HUES = 8;

/** What an avatar lies on, which parts the presence from the picture. */
export type Ground = 'canvas' | 'sidebar' | 'raised';

/** CSS pixels of a side. Each has a rule of its own: see `tests/styles.test.ts`. */
export type AvatarSize = 24 | 28 | 30 | 32 | 34 | 36 | 38 | 40 | 52 | 72;

const han = /\p{Script=Han}/u;

/**
 * One or two letters for a name: the given name in Chinese, first and last initial
 * elsewhere. What is no person's name begins at its beginning.
 */
export function initials(name: string, isPerson = true): string {
  const words = name.split(/[\s,，、]+/u).filter(Boolean);
  const first = words[0];
  if (first === undefined) return '?';
  const letters = [...first];
  if (letters.some((letter) => han.test(letter))) {
    return (isPerson ? letters.slice(-2) : letters.slice(0, 2)).join('');
  }
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return `${letters[0] ?? ''}${last ? ([...last][0] ?? '') : ''}`.toLocaleUpperCase();
}

/** The same colour for the same address on every computer. */
export function hue(address: string): number {
  let hash = 0;
  for (const letter of address) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % AVATAR_HUES;
}

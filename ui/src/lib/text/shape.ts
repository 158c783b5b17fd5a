/** What a text looks like as a whole: whether it is only emoji, or too long to show at once. */

const FOLD_LINES = 20;
const FOLD_CHARS = 2_000;
const MAX_BIG = 3;

const ONE =
  '(?:\\p{Regional_Indicator}{2}|[0-9#*]\\uFE0F\\u20E3|(?:\\p{Emoji_Presentation}|\\p{Extended_Pictographic}\\uFE0F)\\p{Emoji_Modifier}?(?:\\u200D\\p{Extended_Pictographic}\\uFE0F?\\p{Emoji_Modifier}?)*)';
const BIG = new RegExp(`^(?:${ONE}\\s?){1,${MAX_BIG}}$`, 'u');

/** Up to three emoji and nothing else. */
export function isBigEmoji(text: string): boolean {
  return text.length <= 64 && BIG.test(text.trim());
}

/** The beginning of a text that is too long to be shown at once; nothing if it is not. */
export function folded(text: string): string | null {
  let end = -1;
  for (let line = 0; line < FOLD_LINES; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) break;
  }
  const byLines = end < 0 ? text.length : end;
  if (byLines >= text.length && text.length <= FOLD_CHARS) return null;
  let cut = Math.min(byLines, FOLD_CHARS);
  // Never between the two halves of a character.
  if (/[\uD800-\uDBFF]/.test(text.charAt(cut - 1))) cut -= 1;
  return text.slice(0, cut);
}

/** What is done rather than said (XEP-0245); nothing for other texts. */
export function deed(text: string): string | null {
  return text.startsWith('/me ') ? text.slice(4) : null;
}

/** Addresses in a text: where they are, and whether they are what they look like. */

export interface FoundLink {
  /** First UTF-16 unit in the text. */
  start: number;
  end: number;
  /** What it leads to. */
  href: string;
}

/** Why a person should look twice before a link is opened. */
export type LinkDoubt =
  /** What stands before an `@` looks like the address and is not. */
  | 'user'
  /** Letters of several alphabets in one word look like other letters. */
  | 'lookalike';

export interface LinkTarget {
  /** The address as it is: names of hosts in their plain form (`xn--…`). */
  href: string;
  /** The host alone, for a question; empty for addresses of people. */
  host: string;
  doubt: LinkDoubt | null;
}

// Hosts in the alphabets that are written with spaces, or wholly in others: what
// follows an address in a Chinese sentence does not belong to it.
const HOST =
  '(?:[\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}0-9._~%@:\\[\\]-]+|[\\p{L}\\p{N}._@:-]+)';
const PATH =
  '(?:[/?#][^\\s\\p{Script=Han}\\p{Cc}\\p{Cf}<>"“”‘’「」『』《》【】（）。，；：！？、…]*)?';
const PATTERN = new RegExp(
  `(?:(?:https?://|www\\.)${HOST}|startalk://${HOST}|(?:mailto|xmpp):[^\\s\\p{Script=Han}\\p{Cc}\\p{Cf}<>"“”‘’（）。，；：！？、]+@${HOST})${PATH}`,
  'giu',
);
/** In all that the pattern finds; most texts have neither, and are not gone through. */
const HINT = /:|www\./i;
const WORD = /[A-Za-z0-9_]/;
const TRAILING = /[.,;:!?'"*_~`\\-]$/;

export function findLinks(text: string): FoundLink[] {
  if (!HINT.test(text)) return [];
  const links: FoundLink[] = [];
  for (const match of text.matchAll(PATTERN)) {
    const start = match.index;
    if (start > 0 && WORD.test(text.charAt(start - 1))) continue;
    const written = trimmed(match[0]);
    const href = /^www\./i.test(written) ? `https://${written}` : written;
    if (linkTarget(href)) links.push({ start, end: start + written.length, href });
  }
  return links;
}

/** What a link leads to; nothing for what is not opened from here. */
export function linkTarget(href: string): LinkTarget | null {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  switch (url.protocol) {
    case 'http:':
    case 'https:': {
      if (url.hostname === '' || url.hostname === 'www.') return null;
      const written = /^https?:\/\/([^/?#]*)/i.exec(href)?.[1] ?? '';
      const doubt = written.includes('@') ? 'user' : mixesAlphabets(written) ? 'lookalike' : null;
      return { href: url.href, host: url.host, doubt };
    }
    case 'mailto:':
    case 'xmpp:':
    case 'startalk:':
      return { href: url.href, host: '', doubt: null };
    default:
      return null;
  }
}

/** Signs at its end belong to the sentence, as does a bracket that was opened before. */
function trimmed(text: string): string {
  let link = text;
  for (;;) {
    const last = link.charAt(link.length - 1);
    const open = { ')': '(', ']': '[', '}': '{' }[last];
    const unpaired = open !== undefined && count(link, last) > count(link, open);
    if (!unpaired && !TRAILING.test(link)) return link;
    link = link.slice(0, -1);
  }
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

function mixesAlphabets(host: string): boolean {
  return host.split(/[.:]/).some((label) => {
    const alphabets = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];
    return alphabets.filter((alphabet) => alphabet.test(label)).length > 1;
  });
}

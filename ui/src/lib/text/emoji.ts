/** The emoji panel's contents: loaded when it is first opened, found by words of both languages. */
import type { Locale } from '../i18n/keys';
import { keep, readKept } from '../state/kept';

export interface Emoji {
  emoji: string;
  /** Its name in each language. */
  names: Record<Locale, string>;
  /** One of [`GROUPS`]. */
  group: Group;
  /** All words by which it is found, in small letters. */
  words: string[];
}

export const GROUPS = [
  'faces',
  'people',
  'nature',
  'food',
  'places',
  'activities',
  'objects',
  'symbols',
  'flags',
] as const;
export type Group = (typeof GROUPS)[number];

/** The groups of Unicode by number; the third one holds parts, not emoji. */
const BY_NUMBER: readonly (Group | undefined)[] = [
  'faces',
  'people',
  undefined,
  'nature',
  'food',
  'places',
  'activities',
  'objects',
  'symbols',
  'flags',
];

let all: Promise<readonly Emoji[]> | null = null;

export function loadEmoji(): Promise<readonly Emoji[]> {
  all ??= import('virtual:emoji').then(
    ({ default: rows }) => rows.map(toEmoji).filter((one) => one !== null),
    () => {
      all = null;
      return [];
    },
  );
  return all;
}

function toEmoji([emoji, number, en, zh]: [string, number, string, string]): Emoji | null {
  const group = BY_NUMBER[number];
  if (!group) return null;
  const [english = '', ...tags] = en.split('|');
  const [chinese = english, ...zhTags] = zh.split('|');
  return {
    emoji,
    group,
    names: { en: english, 'zh-CN': chinese === '' ? english : chinese },
    words: [english, ...tags, chinese, ...zhTags].map((word) => word.toLowerCase()),
  };
}

/** Those that fit what was typed, the best first. */
export function findEmoji(among: readonly Emoji[], typed: string, limit = 200): Emoji[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return [];
  const ranked: { one: Emoji; rank: number }[] = [];
  for (const one of among) {
    const rank = rankOf(one, wanted);
    if (rank < WORST) ranked.push({ one, rank });
  }
  // The sort keeps the order of the panel among those of one rank.
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, limit)
    .map(({ one }) => one);
}

const WORST = 4;

function rankOf({ emoji, words }: Emoji, wanted: string): number {
  if (emoji === wanted) return 0;
  let rank = WORST;
  for (const word of words) {
    if (word === wanted) return 0;
    if (word.startsWith(wanted)) rank = Math.min(rank, 1);
    else if (word.includes(` ${wanted}`)) rank = Math.min(rank, 2);
    else if (word.includes(wanted)) rank = Math.min(rank, 3);
  }
  return rank;
}

/** Before anything was used. */
const USUAL = ['👍', '✅', '😄', '❤️', '🎉', '🙏', '👀', '😂'];
const KEPT = 24;

/** Those used last, the last one first. */
export function recentEmoji(): string[] {
  const used = readKept('emoji', (value) =>
    Array.isArray(value) ? value.filter((one) => typeof one === 'string').slice(0, KEPT) : [],
  );
  return [...new Set([...used, ...USUAL])].slice(0, KEPT);
}

export function usedEmoji(emoji: string): void {
  keep('emoji', [emoji, ...recentEmoji().filter((one) => one !== emoji)].slice(0, KEPT));
}

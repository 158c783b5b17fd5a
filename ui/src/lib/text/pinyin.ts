/**
 * Finding people by what somebody types: part of the name, its pinyin
 * (`zhangwei`), the initials (`zw`), or a mixture of them. The dictionary is
 * loaded when it is first wanted; until it is there, names are found as they
 * are written.
 */

import type { match as pinyinMatch } from 'pinyin-pro';

/** Part of a name, in UTF-16 units. */
export interface NameRange {
  start: number;
  end: number;
}

export interface NameMatch {
  /** Which parts of the name were found, in order, apart from each other. */
  ranges: NameRange[];
  /** How well it fits: the smaller the better. */
  rank: number;
}

let match: typeof pinyinMatch | null = null;
let loading: Promise<void> | null = null;

/** Resolves when names are also found by pinyin. A failure to load leaves it at the letters. */
export function loadPinyin(): Promise<void> {
  loading ??= import('pinyin-pro').then(
    (library) => {
      match = library.match;
    },
    () => {
      loading = null;
    },
  );
  return loading;
}

const HAN = /\p{Script=Han}/u;
const LATIN = /^[a-zü' ]+$/i;

/**
 * Whether a name fits what was typed, and how well: 0 the whole name, 1 its
 * beginning, 2 the beginning of a word, 3 pinyin from its beginning, 4 somewhere
 * in it, 5 pinyin from a later character. Nothing typed fits every name.
 */
export function matchName(name: string, typed: string): NameMatch | null {
  const wanted = fold(typed.trim());
  if (wanted === '') return { ranges: [], rank: 1 };
  const folded = fold(name);
  // Folding may change the length of a few letters; then there are no marks.
  const marks = folded.length === name.length;
  const at = folded.indexOf(wanted);
  const range = (start: number) => (marks ? [{ start, end: start + wanted.length }] : []);
  if (at === 0) return { ranges: range(0), rank: folded === wanted ? 0 : 1 };
  const word = wordStart(folded, wanted);
  if (word > 0) return { ranges: range(word), rank: 2 };
  const sounds = pinyinOf(name, wanted);
  if (sounds && sounds[0] === 0) return { ranges: merge(sounds), rank: 3 };
  if (at > 0) return { ranges: range(at), rank: 4 };
  return sounds ? { ranges: merge(sounds), rank: 5 } : null;
}

function pinyinOf(name: string, wanted: string): number[] | null {
  if (!match || !HAN.test(name) || !LATIN.test(wanted)) return null;
  const found = match(name, wanted.replace(/['\s]/g, ''), {
    precision: 'first',
    continuous: true,
    insensitive: true,
    v: true,
  });
  return found && found.length > 0 ? found : null;
}

function fold(text: string): string {
  const lower = text.toLocaleLowerCase();
  // `tomas` finds `Tomás`; where marks cannot be taken off one by one, they stay.
  const plain = lower.normalize('NFD').replace(/\p{Mn}/gu, '');
  return plain.length === lower.length ? plain : lower;
}

function wordStart(text: string, wanted: string): number {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (at > 0 && /[^\p{L}\p{N}]/u.test(text.charAt(at - 1))) return at;
  }
  return -1;
}

function merge(indices: readonly number[]): NameRange[] {
  const ranges: NameRange[] = [];
  for (const index of indices) {
    const last = ranges[ranges.length - 1];
    if (last?.end === index) last.end = index + 1;
    else ranges.push({ start: index, end: index + 1 });
  }
  return ranges;
}

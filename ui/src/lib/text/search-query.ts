import type { ContentKind } from '../rpc/generated/ContentKind';

/**
 * What is typed into the search field: words, and between them filters such as
 * `from:Anna`, `in:"Design team"`, `after:2024-05-01`, `has:file`; in Chinese
 * `来自:王伟`, `在:设计组`, `含:文件`. Whatever is no filter is a word.
 */
export interface SearchQuery {
  words: string;
  from: string | null;
  in: string | null;
  /** First day, as local midnight in milliseconds since the Unix epoch. */
  fromMs: number | null;
  /** Midnight after the last day. */
  toMs: number | null;
  kind: ContentKind | null;
}

export type FilterName = 'from' | 'in' | 'after' | 'before' | 'on' | 'has';

const names: Record<string, FilterName> = {
  from: 'from',
  来自: 'from',
  发送人: 'from',
  in: 'in',
  在: 'in',
  会话: 'in',
  after: 'after',
  since: 'after',
  晚于: 'after',
  before: 'before',
  早于: 'before',
  on: 'on',
  日期: 'on',
  has: 'has',
  含: 'has',
  类型: 'has',
};

const kinds: Record<string, ContentKind> = {
  text: 'text',
  文字: 'text',
  file: 'file',
  files: 'file',
  文件: 'file',
  link: 'link',
  links: 'link',
  链接: 'link',
  image: 'image',
  picture: 'image',
  pictures: 'image',
  图片: 'image',
};

const TOKEN = /(?<=^|\s)(\p{L}+)[:：](?:"([^"]*)"|“([^”]*)”|(\S+))/gu;
const DAY_MS = 86_400_000;

export function parseQuery(text: string): SearchQuery {
  const query: SearchQuery = {
    words: '',
    from: null,
    in: null,
    fromMs: null,
    toMs: null,
    kind: null,
  };
  query.words = text
    .replace(TOKEN, (whole: string, name: string, a?: string, b?: string, c?: string) => {
      const value = (a ?? b ?? c ?? '').trim();
      return take(query, names[name.toLocaleLowerCase()], value) ? ' ' : whole;
    })
    .replace(/\s+/g, ' ')
    .trim();
  return query;
}

function take(query: SearchQuery, name: FilterName | undefined, value: string): boolean {
  if (name === undefined || value === '') return false;
  switch (name) {
    case 'from':
      query.from = value;
      return true;
    case 'in':
      query.in = value;
      return true;
    case 'has': {
      const kind = kinds[value.toLocaleLowerCase()];
      if (kind) query.kind = kind;
      return kind !== undefined;
    }
    default: {
      const day = parseDay(value);
      if (day === null) return false;
      if (name !== 'before') query.fromMs = day;
      // A day may have 23 or 25 hours.
      if (name === 'on') query.toMs = new Date(day + 1.5 * DAY_MS).setHours(0, 0, 0, 0);
      if (name === 'before') query.toMs = day;
      return true;
    }
  }
}

/** Local midnight of `2024-05-01`, `2024/5/1` or `2024年5月1日`. */
export function parseDay(text: string): number | null {
  const [, year, month, day] =
    /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const date = new Date(Number(year), Number(month) - 1, Number(day));
  const real = date.getMonth() === Number(month) - 1 && date.getDate() === Number(day);
  return real ? date.getTime() : null;
}

export function formatDay(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The text with this filter in the place of another of its kind; null takes it out. */
export function withFilter(text: string, name: FilterName, value: string | null): string {
  const dates: FilterName[] = ['after', 'before', 'on'];
  const rest = text.replace(TOKEN, (whole: string, typed: string) => {
    const found = names[typed.toLocaleLowerCase()];
    const same = found === name || (name === 'on' && found !== undefined && dates.includes(found));
    return same ? '' : whole;
  });
  const words = rest.replace(/\s+/g, ' ').trim();
  if (value === null) return words;
  const token = `${name}:${/\s/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`;
  return words === '' ? `${token} ` : `${token} ${words}`;
}

/**
 * What is to be drawn of a text: message styling (XEP-0393 1.1.1), links, names.
 * The result is a tree of plain data; nothing in it is ever read as HTML. Signs
 * that style keep their place in it, so that copying gives what was written.
 */
import { findLinks } from './links';

export interface Mention {
  start: number;
  end: number;
  address: string;
  me: boolean;
}

export type Style = 'strong' | 'emphasis' | 'strike' | 'code';

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'span'; style: Style; sign: string; children: Inline[] }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'mention'; text: string; address: string; me: boolean };

export type Block =
  | { kind: 'lines'; inlines: Inline[] }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'code'; language: string; code: string };

interface Line {
  text: string;
  /** Where it begins in the whole text. */
  start: number;
}

const SIGNS: Record<string, Style> = {
  '*': 'strong',
  _: 'emphasis',
  '~': 'strike',
  '`': 'code',
};
const SIGN = /[*_~`]/;
const FENCE = '```';
/** Quotes in quotes deeper than this are text. */
const MAX_DEPTH = 8;

/** Reads a text; `unstyled` ones have only links and names. */
export function readText(
  text: string,
  mentions: readonly Mention[] = [],
  unstyled = false,
): Block[] {
  const lines: Line[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    lines.push({ text: line, start });
    start += line.length + 1;
  }
  if (!unstyled) return blocks(lines, mentions, 0);
  const inlines: Inline[] = [];
  lines.forEach((line, index) => addLine(inlines, index, atoms(line, mentions)));
  return [{ kind: 'lines', inlines }];
}

function blocks(lines: readonly Line[], mentions: readonly Mention[], depth: number): Block[] {
  const found: Block[] = [];
  let plain: Inline[] | null = null;
  let count = 0;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (!line) break;
    if (line.text.startsWith(FENCE)) {
      const end = closing(lines, index + 1);
      const code = lines.slice(index + 1, end).map(({ text }) => text);
      found.push({
        kind: 'code',
        language: line.text.slice(FENCE.length).trim(),
        code: code.join('\n'),
      });
      plain = null;
      index = end;
    } else if (line.text.startsWith('>') && depth < MAX_DEPTH) {
      const quoted: Line[] = [];
      for (; lines[index]?.text.startsWith('>'); index += 1) {
        const { text, start } = lines[index] ?? line;
        const skip = /^>\s?/.exec(text)?.[0].length ?? 1;
        quoted.push({ text: text.slice(skip), start: start + skip });
      }
      index -= 1;
      found.push({ kind: 'quote', blocks: blocks(quoted, mentions, depth + 1) });
      plain = null;
    } else {
      if (!plain) {
        plain = [];
        count = 0;
        found.push({ kind: 'lines', inlines: plain });
      }
      addLine(plain, count, styled(atoms(line, mentions)));
      count += 1;
    }
  }
  return found;
}

/** Where a block of code ends: at its closing line, or with the text. */
function closing(lines: readonly Line[], from: number): number {
  const end = lines.findIndex(({ text }, index) => index >= from && text.trimEnd() === FENCE);
  return end < 0 ? lines.length : end;
}

function addLine(inlines: Inline[], index: number, line: readonly Inline[]): void {
  if (index > 0) pushText(inlines, '\n');
  for (const part of line) {
    if (part.kind === 'text') pushText(inlines, part.text);
    else inlines.push(part);
  }
}

function pushText(inlines: Inline[], text: string): void {
  const last = inlines[inlines.length - 1];
  if (last?.kind === 'text') last.text += text;
  else if (text !== '') inlines.push({ kind: 'text', text });
}

/** A line as text, links and names; what is in a link or a name styles nothing. */
function atoms(line: Line, mentions: readonly Mention[]): Inline[] {
  const end = line.start + line.text.length;
  const marks: { start: number; end: number; inline: Inline }[] = [];
  for (const mention of mentions) {
    if (mention.start < line.start || mention.end > end || mention.end <= mention.start) continue;
    const text = line.text.slice(mention.start - line.start, mention.end - line.start);
    const { address, me } = mention;
    marks.push({
      start: mention.start - line.start,
      end: mention.end - line.start,
      inline: { kind: 'mention', text, address, me },
    });
  }
  for (const link of findLinks(line.text)) {
    const text = line.text.slice(link.start, link.end);
    marks.push({ ...link, inline: { kind: 'link', text, href: link.href } });
  }
  marks.sort((a, b) => a.start - b.start);
  const parts: Inline[] = [];
  let at = 0;
  for (const mark of marks) {
    if (mark.start < at) continue;
    if (mark.start > at) parts.push({ kind: 'text', text: line.text.slice(at, mark.start) });
    parts.push(mark.inline);
    at = mark.end;
  }
  if (at < line.text.length) parts.push({ kind: 'text', text: line.text.slice(at) });
  return parts;
}

/** One unit of a line: a sign, another piece of text, or a link or name. */
type Cell = string | Exclude<Inline, { kind: 'text' }>;

function styled(parts: readonly Inline[]): readonly Inline[] {
  if (!parts.some((part) => part.kind === 'text' && SIGN.test(part.text))) return parts;
  const cells = parts.flatMap((part): Cell[] =>
    part.kind === 'text' ? (part.text.match(/[*_~`]|\s+|[^*_~`\s]+/gu) ?? []) : [part],
  );
  return spans(cells, 0, cells.length);
}

/** Section 6: signs are read from the left, the first that closes does. */
function spans(cells: readonly Cell[], from: number, to: number): Inline[] {
  const found: Inline[] = [];
  // Signs that nothing closes from here on, so that long lines are read once.
  const open = new Set<string>();
  for (let index = from; index < to; index += 1) {
    const cell = cells[index];
    if (cell === undefined) break;
    if (typeof cell !== 'string') {
      found.push(cell);
      continue;
    }
    const style = SIGNS[cell];
    const begins = index === from || isSpace(cells[index - 1]);
    const end = style && begins && !open.has(cell) ? closes(cells, index, to) : NOT_HERE;
    if (!style || end < 0) {
      if (end === NEVER) open.add(cell);
      pushText(found, cell);
      continue;
    }
    const children =
      style === 'code' ? literal(cells, index + 1, end) : spans(cells, index + 1, end);
    found.push({ kind: 'span', style, sign: cell, children });
    index = end;
  }
  return found;
}

const NOT_HERE = -1;
const NEVER = -2;

function closes(cells: readonly Cell[], open: number, to: number): number {
  if (open + 1 >= to || isSpace(cells[open + 1])) return NOT_HERE;
  for (let index = open + 1; index < to; index += 1) {
    if (cells[index] !== cells[open] || isSpace(cells[index - 1])) continue;
    // Nothing between the two signs: neither of them styles.
    return index === open + 1 ? NOT_HERE : index;
  }
  return NEVER;
}

function literal(cells: readonly Cell[], from: number, to: number): Inline[] {
  const text = cells
    .slice(from, to)
    .map((cell) => (typeof cell === 'string' ? cell : 'text' in cell ? cell.text : ''))
    .join('');
  return [{ kind: 'text', text }];
}

function isSpace(cell: Cell | undefined): boolean {
  return typeof cell === 'string' && /^\s/u.test(cell);
}

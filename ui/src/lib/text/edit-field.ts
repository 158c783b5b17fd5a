/** Changes of a text field that its own undo knows. */

/** Puts a text in the place of a range, as if it had been typed. */
export function replaceRange(
  field: HTMLTextAreaElement,
  from: number,
  to: number,
  text: string,
): void {
  field.focus();
  field.setSelectionRange(from, to);
  // The old command is the one way that undo and redo see in every web view.
  const done = text === '' ? command('delete') : command('insertText', text);
  if (done && field.value.slice(from, from + text.length) === text) return;
  field.setRangeText(text, from, field.selectionEnd, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText' }));
}

function command(name: string, text?: string): boolean {
  try {
    return document.execCommand(name, false, text);
  } catch {
    return false;
  }
}

export function insertText(field: HTMLTextAreaElement, text: string): void {
  replaceRange(field, field.selectionStart, field.selectionEnd, text);
}

/** What puts a style around the selection, or takes it away (XEP-0393). */
export interface Wrapped {
  from: number;
  to: number;
  text: string;
  /** The selection afterwards. */
  start: number;
  end: number;
}

/**
 * A style goes around each line, for it ends with the line; code over several
 * lines becomes a block.
 */
export function wrapped(value: string, start: number, end: number, sign: string): Wrapped {
  const inner = value.slice(start, end);
  const size = sign.length;
  if (value.slice(start - size, start) === sign && value.slice(end, end + size) === sign) {
    const from = start - size;
    return { from, to: end + size, text: inner, start: from, end: from + inner.length };
  }
  if (sign === '`' && inner.includes('\n')) return asBlock(value, start, end);
  const text = inner
    .split('\n')
    .map((line) => {
      const words = line.trim();
      return words === '' && inner !== '' ? line : line.replace(words, () => sign + words + sign);
    })
    .join('\n');
  const whole = inner === '' ? sign + sign : text;
  const caret = inner === '' ? start + size : start + whole.length;
  return { from: start, to: end, text: whole, start: inner === '' ? caret : start, end: caret };
}

/**
 * The selection with room for an address behind it, or before it where it is one. Styling
 * has no links with words of their own: the address stays to be seen.
 */
export function asLink(value: string, start: number, end: number): Wrapped {
  const inner = value.slice(start, end);
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(inner.trim())) {
    const text = ` (${inner.trim()})`;
    return { from: start, to: end, text, start, end: start };
  }
  const words = inner.trimEnd();
  const text = words === '' ? LINK : `${words} (${LINK})`;
  const rest = inner.slice(words.length);
  const caret = start + text.length - (words === '' ? 0 : 1);
  return { from: start, to: end, text: text + rest, start: caret, end: caret };
}

const LINK = 'https://';

/** A range as a block of code, on lines of its own. */
export function asBlock(value: string, start: number, end: number): Wrapped {
  const inner = value.slice(start, end).replace(/^\n+|\n+$/g, '');
  const before = start === 0 || value.charAt(start - 1) === '\n' ? '' : '\n';
  const after = end >= value.length || value.charAt(end) === '\n' ? '' : '\n';
  const text = `${before}\`\`\`\n${inner}\n\`\`\`${after}`;
  // Where the language is written.
  const caret = start + before.length + 3;
  return { from: start, to: end, text, start: caret, end: caret };
}

/** Whether a place in the text is within a block of code. */
export function inBlock(value: string, at: number): boolean {
  const fences = value
    .slice(0, at)
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('```'));
  return fences.length % 2 === 1;
}

import { describe, expect, test } from 'vitest';
import { asBlock, asLink, inBlock, insertText, replaceRange, wrapped } from './edit-field';

function apply(value: string, sign: string, start = 0, end = value.length): string {
  const change = wrapped(value, start, end, sign);
  return value.slice(0, change.from) + change.text + value.slice(change.to);
}

describe('formatting', () => {
  test.each([
    ['word', '*', '*word*'],
    [' word ', '*', ' *word* '],
    ['a\nb', '_', '_a_\n_b_'],
    ['a\n\nb', '*', '*a*\n\n*b*'],
    ['a\nb', '`', '```\na\nb\n```'],
    ['', '*', '**'],
    ['$& $1', '*', '*$& $1*'],
  ])('%j with %s', (value, sign, expected) => {
    expect(apply(value, sign)).toBe(expected);
  });

  test('is taken away again', () => {
    expect(apply('a *word* b', '*', 3, 7)).toBe('a word b');
  });

  test('with nothing selected leaves the caret between the signs', () => {
    expect(wrapped('ab', 1, 1, '*')).toEqual({ from: 1, to: 1, text: '**', start: 2, end: 2 });
  });
});

test.each([
  // Value, start, end; then what is there, and where the caret is.
  ['see the plan', 8, 12, 'see the plan (https://)', 22],
  ['see ', 4, 4, 'see https://', 12],
  ['the plan ', 4, 9, 'the plan (https://) ', 18],
  ['https://a.example', 0, 17, ' (https://a.example)', 0],
])('a link from %j', (value, start, end, expected, caret) => {
  const link = asLink(value, start, end);
  expect(value.slice(0, link.from) + link.text + value.slice(link.to)).toBe(expected);
  expect([link.start, link.end]).toEqual([caret, caret]);
});

test('U53: a block of code stands on lines of its own', () => {
  const value = 'see x\ny here';
  const { from, to, text, start } = asBlock(value, 4, 7);
  const after = value.slice(0, from) + text + value.slice(to);
  expect(after).toBe('see \n```\nx\ny\n```\n here');
  expect(after.slice(0, start)).toBe('see \n```');
});

test('U53: inside a block is between its fences', () => {
  const value = 'a\n```ts\nb\n```\nc';
  expect(inBlock(value, 1)).toBe(false);
  expect(inBlock(value, value.indexOf('b'))).toBe(true);
  expect(inBlock(value, value.length)).toBe(false);
});

test('a change of the field is heard, and stands where it was meant to', () => {
  const field = document.createElement('textarea');
  document.body.append(field);
  field.value = 'hello world';
  let heard = '';
  field.addEventListener('input', () => (heard = field.value));
  replaceRange(field, 6, 11, '王伟');
  expect(heard).toBe('hello 王伟');
  field.setSelectionRange(0, 5);
  insertText(field, '');
  expect(field.value).toBe(' 王伟');
  field.remove();
});

import { expect, test } from 'vitest';
import { plainText } from './plain-text';

test.each([
  ['*bold* and `code`', 'bold and code'],
  ['> what was said\nthe answer', 'what was said the answer'],
  ['```ts\nlet a = 1;\n```\nthere', 'let a = 1; there'],
  ['see https://example.org/a_b_c', 'see https://example.org/a_b_c'],
  ['2 * 3 * 4', '2 * 3 * 4'],
])('U112: %j is read as %j', (text, read) => {
  expect(plainText(text)).toBe(read);
});

test('U112: of a text that is not styled nothing is left out', () => {
  expect(plainText('*a*', true)).toBe('*a*');
});

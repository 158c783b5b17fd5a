import { expect, test } from 'vitest';
import { highlight } from './highlight';

test('code in a language that is known has its words told apart, and nothing is lost', async () => {
  const code = 'const a = "<b>"; // 注释\nreturn a;';
  const pieces = await highlight(code, 'TS');
  expect(pieces.map(({ text }) => text).join('')).toBe(code);
  expect(pieces).toContainEqual({ text: 'const', sort: 'keyword' });
  expect(pieces).toContainEqual({ text: '"<b>"', sort: 'string' });
});

test.each([
  ['without a language', 'let a', ''],
  ['in one that is not known', 'let a', 'klingon'],
  ['that is very long', 'a '.repeat(20_000), 'ts'],
])('code %s stays as it is', async (_name, code, language) => {
  expect(await highlight(code, language)).toEqual([{ text: code, sort: '' }]);
});

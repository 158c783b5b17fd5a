import { describe, expect, test } from 'vitest';
import { type Block, type Inline, readText } from './styling';

/** The tree as text: `<strong …>`, so that a test can say what it expects in one line. */
function inline(part: Inline): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'span':
      return `<${part.style} ${part.children.map(inline).join('')}>`;
    case 'link':
      return `<link ${part.text}>`;
    case 'mention':
      return `<${part.me ? 'me' : 'mention'} ${part.text}>`;
  }
}

function block(part: Block): string {
  switch (part.kind) {
    case 'lines':
      return part.inlines.map(inline).join('');
    case 'quote':
      return `[quote ${part.blocks.map(block).join('|')}]`;
    case 'code':
      return `[code ${part.language}:${part.code}]`;
  }
}

const read = (...args: Parameters<typeof readText>) =>
  readText(...args)
    .map(block)
    .join('|');

describe('spans', () => {
  test.each([
    ['*bold* _italic_ ~gone~ `code`', '<strong bold> <emphasis italic> <strike gone> <code code>'],
    ['a *b c* d', 'a <strong b c> d'],
    ['*_both_*', '<strong <emphasis both>>'],
    ['*a _b* c_', '<strong a _b> c_'],
    ['`*not bold*`', '<code *not bold*>'],
    ['2*3*4 snake_case_name', '2*3*4 snake_case_name'],
    ['* item', '* item'],
    ['*no end', '*no end'],
    ['*not closed *', '*not closed *'],
    ['** ****', '** ****'],
    ['*a\nb*', '*a\nb*'],
    ['*a*b*', '<strong a>b*'],
    ['~*`x`*~', '<strike <strong <code x>>>'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });
});

describe('blocks', () => {
  test.each([
    ['> a\n> *b*\nc', '[quote a\n<strong b>]|c'],
    ['>> a\n> b', '[quote [quote a]|b]'],
    ['```ts\nlet *a* = 1;\n```\nend', '[code ts:let *a* = 1;]|end'],
    ['```\nno end', '[code :no end]'],
    ['> ```\n> code\nout', '[quote [code :code]]|out'],
    ['a\n\nb', 'a\n\nb'],
  ])('%j', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test('unstyled texts keep every sign, and have links', () => {
    expect(read('> *a*\n```\nhttps://a.example', [], true)).toBe(
      '> *a*\n```\n<link https://a.example>',
    );
  });
});

test('names are marked where they stand, also in quotes and beside signs', () => {
  const text = '> hi @Li\n*@Wang Wei* and @Li';
  const at = (name: string, from = 0, me = false) => {
    const start = text.indexOf(name, from);
    return { start, end: start + name.length, address: `${name}@x`, me };
  };
  expect(read(text, [at('@Li'), at('@Wang Wei', 0, true), at('@Li', 12)])).toBe(
    '[quote hi <mention @Li>]|<strong <me @Wang Wei>> and <mention @Li>',
  );
});

test('names that are nowhere in the text are left out', () => {
  const mention = { address: 'a', me: false };
  expect(
    read('ab\ncd', [
      { ...mention, start: 1, end: 4 },
      { ...mention, start: 4, end: 99 },
      { ...mention, start: 3, end: 3 },
    ]),
  ).toBe('ab\ncd');
});

test('signs in links style nothing, and links stand in spans', () => {
  expect(read('_see https://a.example/_x/ here_')).toBe(
    '<emphasis see <link https://a.example/_x/> here>',
  );
  expect(read('*https://a.example/a*b c*')).toBe('<strong <link https://a.example/a*b> c>');
});

test('HTML is text', () => {
  expect(read('<img src=x onerror="alert(1)"> &amp;')).toBe('<img src=x onerror="alert(1)"> &amp;');
});

test('a long text is read in little time', () => {
  const began = performance.now();
  readText('*a '.repeat(60_000));
  readText(`${'>'.repeat(10_000)} a`);
  readText('_*~`'.repeat(5_000));
  expect(performance.now() - began).toBeLessThan(4_000);
});

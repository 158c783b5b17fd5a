import { type Block, type Inline, readText } from './styling';

/** All signs that style. */
const SIGNS = /[*_~`>]/;

/** A text without the signs that only style it, in one line. */
export function plainText(text: string, unstyled = false): string {
  const parts = unstyled || !SIGNS.test(text) ? text : ofBlocks(readText(text)).join(' ');
  return parts.replace(/\s+/g, ' ').trim();
}

function ofBlocks(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => {
    switch (block.kind) {
      case 'lines':
        return [ofInlines(block.inlines)];
      case 'quote':
        return ofBlocks(block.blocks);
      case 'code':
        return [block.code];
    }
  });
}

function ofInlines(inlines: readonly Inline[]): string {
  return inlines.map((one) => (one.kind === 'span' ? ofInlines(one.children) : one.text)).join('');
}

/**
 * Colours for code. The library gives a tree, which becomes plain pieces with a
 * class; it is loaded with the first block of code that names its language.
 */

import type { createLowlight } from 'lowlight';

export interface Piece {
  text: string;
  /** What it is in the language, such as `keyword`; nothing if nothing special. */
  sort: string;
}

type Lowlight = ReturnType<typeof createLowlight>;
type Node = ReturnType<Lowlight['highlight']>['children'][number];

/** Longer code stays without colours. */
const MAX_CHARS = 20_000;

let library: Promise<Lowlight | null> | null = null;

function load(): Promise<Lowlight | null> {
  library ??= import('lowlight').then(
    (lowlight) => lowlight.createLowlight(lowlight.common),
    () => {
      library = null;
      return null;
    },
  );
  return library;
}

/** The pieces of the code in their order; one without a sort if it cannot be coloured. */
export async function highlight(code: string, language: string): Promise<Piece[]> {
  const plain = [{ text: code, sort: '' }];
  if (language === '' || code.length > MAX_CHARS) return plain;
  const lowlight = await load();
  const name = language.toLowerCase().split(/\s/)[0] ?? '';
  if (!lowlight?.registered(name)) return plain;
  const pieces: Piece[] = [];
  collect(lowlight.highlight(name, code).children, '', pieces);
  return pieces;
}

function collect(nodes: readonly Node[], sort: string, pieces: Piece[]): void {
  for (const node of nodes) {
    if (node.type === 'text') pieces.push({ text: node.value, sort });
    else if (node.type === 'element') {
      const names = node.properties.className;
      const own = Array.isArray(names) ? String(names[0] ?? '').replace(/^hljs-/, '') : sort;
      collect(node.children, own, pieces);
    }
  }
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

interface Entry {
  unicode: string;
  label: string;
  tags?: string[];
  group?: number;
  order?: number;
}

const NAME = 'virtual:emoji';
const GROUP_OF_PARTS = 2;

/**
 * `virtual:emoji`: of emojibase's tables only what the panel needs, both languages
 * in one, a third of their size: `[emoji, group, words in English, words in Chinese]`
 * in the order of the panel.
 */
export function emojiData(): Plugin {
  const read = (locale: string): Entry[] => {
    const path = createRequire(import.meta.url).resolve(`emojibase-data/${locale}/compact.json`);
    return JSON.parse(readFileSync(path, 'utf8')) as Entry[];
  };
  const words = ({ label, tags = [] }: Entry) => [label, ...tags].join('|');
  return {
    name: 'emoji-data',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id) {
      if (id !== `\0${NAME}`) return undefined;
      const chinese = new Map(read('zh').map((entry) => [entry.unicode, entry]));
      const rows = read('en')
        .filter(({ group, order }) => group !== undefined && order !== undefined)
        .filter(({ group }) => group !== GROUP_OF_PARTS)
        .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
        .map((entry) => {
          const zh = chinese.get(entry.unicode);
          return [entry.unicode, entry.group, words(entry), zh ? words(zh) : ''];
        });
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(rows))});`;
    },
  };
}

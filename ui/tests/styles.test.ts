import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { AVATAR_HUES } from '../src/components/shared/avatar';

const src = resolve(import.meta.dirname, '../src');

function texts(ending: string): [string, string][] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => [path, readFileSync(resolve(src, path), 'utf8')]);
}

const text = (path: string) => readFileSync(resolve(src, path), 'utf8');

// WebKit (seen in 2.50) keeps the styles it has found by the values of custom properties
// that were inherited, told apart by where those lie in memory. An element that sets one
// has others each time it is made: all its styles stay, and are never found again.
it('custom properties are set at the root alone', () => {
  const components = texts('.svelte');
  expect(components.length).toBeGreaterThan(100);
  for (const [path, text] of components) {
    expect(text.match(/style:--|style="[^"]*--[^"]*:|^\s*--[\w-]+:/m), path).toBeNull();
  }
  for (const [path, text] of texts('.css')) {
    for (const [, selector, rule] of text
      .replace(/\/\*.*?\*\//gs, '')
      .matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
      if (/^\s*--[\w-]+:/m.test(rule ?? '')) expect(selector, path).toMatch(/^\s*(:root|html)/);
    }
  }
});

// A rule of a component outranks one of `base.css`, also where it names an element alone.
it('no element takes away the colour that its `hue-` gives', () => {
  const coloured = texts('.svelte').filter(([, text]) => text.includes('hue-{'));
  expect(coloured.length).toBeGreaterThan(1);
  for (const [path, text] of coloured) {
    expect(text.match(/^ {2}[a-z]+(?::[\w-]+)*(?: \{|,$)[^}]*\bbackground:/m), path).toBeNull();
  }
});

it('each size and colour of an avatar has its rule', () => {
  const source = text('components/shared/avatar.ts');
  const avatar = text('components/shared/Avatar.svelte');
  const sizes = source.match(/AvatarSize = ([\d| ]+);/)?.[1]?.split(' | ') ?? [];
  expect(sizes.length).toBeGreaterThan(5);
  for (const size of sizes) {
    expect(avatar).toContain(
      `.px-${size} {\n    inline-size: ${size}px;\n    block-size: ${size}px;`,
    );
  }
  for (let hue = 0; hue < AVATAR_HUES; hue++) {
    expect(text('styles/base.css')).toContain(`.hue-${hue} {`);
  }
});

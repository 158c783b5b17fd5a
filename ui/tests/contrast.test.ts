import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(resolve(import.meta.dirname, '../src/styles/tokens.css'), 'utf8');

const languages = readFileSync(
  resolve(import.meta.dirname, '../src/components/shared/LanguageSwitch.svelte'),
  'utf8',
);

/** The colours of the rule that begins with this selector. */
function tokens(selector: string): Map<string, string> {
  const rule = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? '';
  return new Map(
    [...rule.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name!, value!]),
  );
}

type Colour = [number, number, number, number];

function parse(text: string): Colour {
  const hex = /^#(..)(..)(..)$/.exec(text);
  if (hex) return [...hex.slice(1).map((part) => parseInt(part, 16)), 1] as Colour;
  const rgb = /^rgb\((\d+) (\d+) (\d+) \/ (\d+)%\)$/.exec(text);
  if (rgb) return [...rgb.slice(1, 4).map(Number), Number(rgb[4]) / 100] as Colour;
  throw new Error(`not a colour: ${text}`);
}

/** A colour that lets the one below shine through. */
function over([r, g, b, a]: Colour, below: Colour): Colour {
  const mix = (top: number, under: number) => top * a + under * (1 - a);
  return [mix(r, below[0]), mix(g, below[1]), mix(b, below[2]), 1];
}

function luminance([r, g, b]: Colour): number {
  const part = (value: number) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}

function contrast(a: Colour, b: Colour): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** What is written on what: text, then the surfaces from the lowest up. */
const texts: [string, ...string[]][] = [
  ['text', 'canvas'],
  ['text', 'sidebar'],
  ['text', 'sidebar', 'selected'],
  ['text', 'bubble-mine'],
  ['text', 'bubble-theirs'],
  ['text', 'danger-soft'],
  ['text-soft', 'bubble-mine'],
  ['text-soft', 'bubble-theirs'],
  ['warn-text', 'warn-soft'],
  ['accent-text', 'bubble-mine', 'hover'],
  ['accent-text', 'bubble-theirs', 'hover'],
  ['accent-text', 'canvas', 'selected'],
  ['text-faint', 'sunken'],
  ['text-soft', 'sunken'],
  ['accent-text', 'sunken'],
  ['code-word', 'sunken'],
  ['code-string', 'sunken'],
  ['code-number', 'sunken'],
  ['danger', 'danger-soft'],
  ['text', 'info-soft'],
  ['text-soft', 'canvas'],
  ['text-soft', 'raised'],
  ['text-soft', 'sidebar'],
  ['text-soft', 'sidebar', 'hover'],
  ['text-soft', 'sidebar', 'selected'],
  ['accent-text', 'sidebar', 'hover', 'selected'],
  ['text-soft', 'info-soft'],
  ['text-faint', 'canvas'],
  ['text-faint', 'raised'],
  ['accent-text', 'canvas'],
  ['accent-text', 'raised'],
  ['accent-text', 'sidebar'],
  ['accent-text', 'sidebar', 'selected'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['danger', 'canvas'],
  ['danger', 'raised'],
  ['danger', 'sidebar'],
  ['danger', 'sidebar', 'selected'],
  ['danger', 'danger-soft'],
  ['danger', 'warn-soft'],
  ['warn-text', 'warn-soft'],
  ['read', 'canvas'],
  ...Array.from({ length: 8 }, (_, hue): [string, string] => ['on-avatar', `avatar-${hue}`]),
];

/** Edges and marks, which need 3 : 1. */
const marks: [string, ...string[]][] = [
  ['focus', 'canvas'],
  ['focus', 'raised'],
  ['online', 'sidebar'],
  ['away', 'sidebar'],
  ['busy', 'sidebar'],
];

const light = tokens(':root');
const dark = new Map([...light, ...tokens(":root[data-theme='dark']")]);

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s theme', (_name, theme) => {
  const colour = (name: string) => parse(theme.get(name) ?? `missing ${name}`);

  const measured = ([front, ground, ...layers]: [string, ...string[]]) => {
    const surface = layers.reduce((below, layer) => over(colour(layer), below), colour(ground!));
    return contrast(colour(front), surface);
  };

  test.each(texts)('%s on %s %s is readable', (...names) => {
    expect(measured(names.filter(Boolean) as [string, ...string[]])).toBeGreaterThanOrEqual(4.5);
  });

  test('the chosen language is on another shade than the other one', () => {
    const [track, chosen] = ['.switch', "button[aria-pressed='true']"].map((selector) => {
      const rule = languages.slice(languages.indexOf(`  ${selector} {`)).split('}')[0] ?? '';
      return colour(/background: var\(--([\w-]+)\)/.exec(rule)?.[1] ?? selector);
    }) as [Colour, Colour];
    const below = over(track, colour('sidebar'));
    expect(contrast(over(chosen, below), below)).toBeGreaterThan(1.2);
  });

  test.each(marks)('%s on %s can be seen', (...names) => {
    expect(measured(names)).toBeGreaterThanOrEqual(3);
  });
});

test('the measure itself: black on white is 21 : 1', () => {
  expect(contrast([0, 0, 0, 1], [255, 255, 255, 1])).toBeCloseTo(21);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import en from './en.json';
import { i18n } from './i18n.svelte';
import type { Locale, MessageKey } from './keys';
import zh from './zh-CN.json';

const source = resolve(import.meta.dirname, '../..');

const isPlural = (key: string) => key.includes('#');
const stem = (key: string) => key.split('#')[0] ?? key;
const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

function code(): string {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(source, path), 'utf8'))
    .join('\n');
}

describe('the catalogue', () => {
  test('has the same sentences in both languages', () => {
    const stems = (catalogue: object) => [...new Set(Object.keys(catalogue).map(stem))].sort();
    expect(stems(zh)).toEqual(stems(en));
  });

  test('says nothing twice', () => {
    for (const locale of ['en', 'zh-CN']) {
      const text = readFileSync(resolve(import.meta.dirname, `${locale}.json`), 'utf8');
      const keys = [...text.matchAll(/^ {2}"([^"]+)":/gm)].map(([, key]) => key);
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    }
  });

  test('has every plural form that its language asks for', () => {
    for (const [locale, catalogue] of [
      ['en', en],
      ['zh-CN', zh],
    ] as const) {
      const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
      for (const key of new Set(Object.keys(catalogue).filter(isPlural).map(stem))) {
        const found = Object.keys(catalogue).filter((one) => stem(one) === key);
        expect(found.sort(), `${key} in ${locale}`).toEqual(
          forms.map((form) => `${key}#${form}`).sort(),
        );
      }
    }
  });

  test('names the same values in both languages, and no sentence is empty', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect(text.trim(), key).not.toBe('');
      expect(en[key as keyof typeof en].trim(), key).not.toBe('');
      expect(placeholders(text), key).toEqual(placeholders(en[key as keyof typeof en]));
    }
  });

  test('has no sentence that nobody shows', () => {
    const text = code();
    const unused = [...new Set(Object.keys(en).map(stem))].filter(
      (key) => !text.includes(`'${key}'`),
    );
    expect(unused).toEqual([]);
  });

  test('has every sentence that is shown', () => {
    const shown = [...code().matchAll(/\b(?:i18n\.(?:t|count)|canFill)\(\s*'([^']+)'/g)].map(
      ([, key]) => key,
    );
    expect(shown.length).toBeGreaterThan(50);
    const known = new Set(Object.keys(en).map(stem));
    expect(shown.filter((key) => !known.has(key ?? ''))).toEqual([]);
  });

  test.each<Locale>(['en', 'zh-CN'])('names the keys of the system, in %s', (locale) => {
    i18n.locale = locale;
    const said = (mac: boolean) => {
      i18n.mac = mac;
      return Object.keys(en).map((key) => i18n.t(key as MessageKey));
    };
    expect(said(true).filter((text) => text.includes('Ctrl'))).toEqual([]);
    expect(said(false).filter((text) => text.includes('⌘'))).toEqual([]);
    expect(said(false).filter((text) => /\{command/.test(text))).toEqual([]);
    i18n.mac = true;
    expect(i18n.t('viewer.copy')).toContain('⌘C');
    expect(i18n.t('screenshot.redo')).toContain('⇧⌘Z');
    i18n.mac = false;
    expect(i18n.t('viewer.copy')).toContain('Ctrl+C');
  });

  test('has one kind of quotation marks in Chinese', () => {
    expect(Object.values(zh).filter((text) => /[「」『』]/.test(text))).toEqual([]);
  });

  test('never says JID or stanza, and never blames', () => {
    for (const text of [...Object.values(en), ...Object.values(zh)]) {
      expect(text).not.toMatch(/\bJID\b|stanza|\binvalid\b|illegal|非法/i);
    }
  });
});

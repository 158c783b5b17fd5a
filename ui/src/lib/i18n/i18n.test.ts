import { expect, test } from 'vitest';
import { chooseLocale, i18n } from './i18n.svelte';

test.each([
  ['system', 'zh-CN', 'zh-CN'],
  ['system', 'zh-Hans-SG', 'zh-CN'],
  ['system', 'zh_TW.UTF-8', 'zh-CN'],
  ['system', 'zh', 'zh-CN'],
  ['system', 'de-DE', 'en'],
  ['system', '', 'en'],
  ['en', 'zh-CN', 'en'],
  ['zh-CN', 'en-GB', 'zh-CN'],
] as const)('setting %s on a %s system gives %s', (setting, system, locale) => {
  expect(chooseLocale(setting, system)).toBe(locale);
});

test('counts by the rules of the language', () => {
  expect(i18n.count('server.people', 1)).toBe('Running, 1 online');
  expect(i18n.count('server.people', 2)).toBe('Running, 2 online');
  i18n.locale = 'zh-CN';
  expect(i18n.count('server.people', 1)).toBe('运行中，1 人在线');
});

test('fills in values once: a value that looks like a placeholder stays as it is', () => {
  expect(i18n.t('a11y.message-from', { name: '{text}', text: 'hi $&' })).toBe('{text}: hi $&');
});

test('tells whether a sentence can be filled', () => {
  expect(i18n.canFill('error.server-unknown.detailed', { server: 'a.example' })).toBe(true);
  expect(i18n.canFill('error.server-unknown.detailed', { server: '' })).toBe(false);
  expect(i18n.canFill('error.server-unknown.detailed', {})).toBe(false);
});

import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Emoji, findEmoji, loadEmoji, recentEmoji, usedEmoji } from './emoji';

let all: readonly Emoji[];
beforeAll(async () => {
  all = await loadEmoji();
});
beforeEach(() => localStorage.clear());

const found = (typed: string) => findEmoji(all, typed).map(({ emoji }) => emoji);

describe('U55: emoji are found', () => {
  test('in Chinese and English', () => {
    expect(found('笑')).toContain('😄️'.replace('\uFE0F', ''));
    expect(found('thumbs up')[0]).toMatch(/^👍/);
    expect(found('鼓掌')[0]).toMatch(/^👏/);
    expect(found('party').some((emoji) => emoji.startsWith('🎉'))).toBe(true);
    expect(found('zzzzz')).toEqual([]);
    expect(found('')).toEqual([]);
  });

  test('with a name in each language and a group', () => {
    expect(all.length).toBeGreaterThan(1_500);
    for (const { names, words } of all) {
      expect(names.en).not.toBe('');
      expect(names['zh-CN']).not.toBe('');
      expect(words.length).toBeGreaterThan(0);
    }
  });
});

test('U55: those used last come first, once each', () => {
  expect(recentEmoji()[0]).toBe('👍');
  usedEmoji('🐼');
  usedEmoji('👍');
  usedEmoji('🐼');
  expect(recentEmoji().slice(0, 3)).toEqual(['🐼', '👍', '✅']);
});

test('what is kept and makes no sense is forgotten', () => {
  localStorage.setItem('startalk.emoji', '{"a":1}');
  expect(recentEmoji()[0]).toBe('👍');
});

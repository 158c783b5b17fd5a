import { describe, expect, test } from 'vitest';
import { deed, folded, isBigEmoji } from './shape';

describe('U35: emoji alone are larger', () => {
  test.each(['🎉', '👍🏽', '👨‍👩‍👧', '🇨🇳', '❤️', '1️⃣', '🎉 🎉 🎉', ' 😀\n'])('%j is', (text) => {
    expect(isBigEmoji(text)).toBe(true);
  });
  test.each(['', '🎉🎉🎉🎉', 'a🎉', '1', '12', '©', '❤', '中', '  '])('%j is not', (text) => {
    expect(isBigEmoji(text)).toBe(false);
  });
});

describe('U32: a long text is folded', () => {
  test('after 20 lines', () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, n) => `line ${n}`).join('\n');
    expect(folded(lines(20))).toBeNull();
    expect(folded(lines(21))).toBe(lines(20));
  });

  test('after 2,000 characters, never within one', () => {
    expect(folded('a'.repeat(2_000))).toBeNull();
    expect(folded('a'.repeat(2_001))).toHaveLength(2_000);
    expect(folded(`${'a'.repeat(1_999)}🎉b`)).toBe('a'.repeat(1_999));
  });
});

test('what somebody does is told from what they say', () => {
  expect(deed('/me waves')).toBe('waves');
  expect(deed('/meh')).toBeNull();
});

import { describe, expect, test } from 'vitest';
import { actionFor, startsText } from './shortcuts';

const press = (key: string, change: Partial<KeyboardEvent> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  ...change,
});

describe('shortcuts', () => {
  test.each([
    [press('ArrowDown', { altKey: true }), 'next-conversation'],
    [press('ArrowUp', { altKey: true }), 'previous-conversation'],
    [press('k', { ctrlKey: true }), 'filter'],
    [press('K', { ctrlKey: true }), 'filter'],
    [press(',', { ctrlKey: true }), 'settings'],
    [press('k'), undefined],
    [press('ArrowDown'), undefined],
    [press('k', { ctrlKey: true, altKey: true }), undefined],
    [press('k', { ctrlKey: true, shiftKey: true }), undefined],
    [press('ArrowDown', { altKey: true, isComposing: true }), undefined],
  ])('%o', (event, action) => {
    expect(actionFor(event, false)).toBe(action);
  });

  test('use ⌘ on macOS, where Ctrl+K is an editing key', () => {
    expect(actionFor(press('k', { metaKey: true }), true)).toBe('filter');
    expect(actionFor(press('k', { ctrlKey: true }), true)).toBeUndefined();
  });
});

test.each([
  ['a', true],
  ['你', true],
  ['Process', true],
  [' ', false],
  ['Enter', false],
  ['Tab', false],
  ['ArrowDown', false],
])('the key %j starts a text: %s', (key, starts) => {
  expect(startsText(press(key))).toBe(starts);
});

test('a key with Ctrl starts no text', () => {
  expect(startsText(press('c', { ctrlKey: true }))).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { actionFor, combinations, keyNames, shortcutGroups, startsText } from './shortcuts';

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
    [press('k', { ctrlKey: true }), 'switcher'],
    [press('K', { ctrlKey: true }), 'switcher'],
    [press(',', { ctrlKey: true }), 'settings'],
    [press('ArrowUp', { altKey: true, shiftKey: true }), 'previous-unread'],
    [press('ArrowDown', { altKey: true, shiftKey: true }), 'next-unread'],
    [press('ArrowLeft', { altKey: true }), 'back'],
    [press('ArrowRight', { altKey: true }), 'forward'],
    [press('Tab', { ctrlKey: true }), 'cycle'],
    [press('Tab', { ctrlKey: true, shiftKey: true }), 'cycle-back'],
    [press('1', { ctrlKey: true }), 'pinned'],
    [press('9', { ctrlKey: true }), 'pinned'],
    [press('0', { ctrlKey: true }), 'zoom-reset'],
    [press('=', { ctrlKey: true }), 'zoom-in'],
    [press('+', { ctrlKey: true, shiftKey: true }), 'zoom-in'],
    [press('-', { ctrlKey: true }), 'zoom-out'],
    [press('f', { ctrlKey: true }), 'find-here'],
    [press('F', { ctrlKey: true, shiftKey: true }), 'find-everywhere'],
    [press('/', { ctrlKey: true }), 'shortcuts'],
    [press('PageDown', { ctrlKey: true, altKey: true }), 'next-account'],
    [press('Escape', { shiftKey: true }), 'mark-all-read'],
    [press('Tab'), undefined],
    [press('k'), undefined],
    [press('ArrowDown'), undefined],
    [press('k', { ctrlKey: true, altKey: true }), undefined],
    [press('k', { ctrlKey: true, shiftKey: true }), undefined],
    [press('ArrowDown', { altKey: true, isComposing: true }), undefined],
  ])('%o', (event, action) => {
    expect(actionFor(event, false)).toBe(action);
  });

  test('use ⌘ on macOS, where Ctrl+K is an editing key', () => {
    expect(actionFor(press('k', { metaKey: true }), true)).toBe('switcher');
    expect(actionFor(press('k', { ctrlKey: true }), true)).toBeUndefined();
  });
});

test('U111: no combination has two meanings, on no system', () => {
  for (const mac of [false, true]) {
    const seen = new Map<string, string>();
    for (const shortcut of shortcutGroups.flatMap(({ shortcuts }) => shortcuts)) {
      for (const combination of combinations(shortcut, mac)) {
        const { key, command, control, alt, shift } = combination;
        const pressed = JSON.stringify([
          key,
          !!control || (!!command && !mac),
          !!command && mac,
          !!alt,
          !!shift,
        ]);
        expect(seen.get(pressed) ?? shortcut.action, pressed).toBe(shortcut.action);
        seen.set(pressed, shortcut.action);
      }
    }
  }
});

test('keys are written as on the keyboard', () => {
  expect(keyNames({ key: 'f', command: true, shift: true }, false)).toEqual(['Ctrl', 'Shift', 'F']);
  expect(keyNames({ key: 'f', command: true, shift: true }, true)).toEqual(['⇧', '⌘', 'F']);
  expect(keyNames({ key: 'ArrowUp', alt: true }, false)).toEqual(['Alt', '↑']);
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

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ImeGuard, type KeyLike } from './ime-guard';

/** `keyCode` travels along to show that it decides nothing. */
const enter = (change: Partial<KeyLike & { keyCode: number }> = {}): KeyLike => ({
  key: 'Enter',
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  isComposing: false,
  ...change,
});

type Step = 'start' | 'end' | 'task' | KeyLike;

/** Runs the steps; one answer for each key: does it send? */
function answers(steps: Step[]): boolean[] {
  const guard = new ImeGuard();
  const sent: boolean[] = [];
  for (const step of steps) {
    if (step === 'start') guard.start();
    else if (step === 'end') guard.end();
    else if (step === 'task') vi.runAllTimers();
    else sent.push(guard.sends(step));
  }
  return sent;
}

describe('Enter and input methods', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  const cases: [string, Step[], boolean[]][] = [
    ['plain Enter', [enter()], [true]],
    ['Shift+Enter', [enter({ shiftKey: true })], [false]],
    ['Ctrl+Enter', [enter({ ctrlKey: true })], [false]],
    ['Alt+Enter', [enter({ altKey: true })], [false]],
    ['⌘+Enter', [enter({ metaKey: true })], [false]],
    ['another key', [enter({ key: 'a' })], [false]],
    [
      'Chromium: keydown while composing, then the end, then the next Enter',
      ['start', enter({ isComposing: true, keyCode: 229 }), 'end', 'task', enter()],
      [false, true],
    ],
    [
      'Chromium on Windows: the key is named Process',
      ['start', enter({ key: 'Process', isComposing: true, keyCode: 229 }), 'end', 'task', enter()],
      [false, true],
    ],
    [
      'WebKit: the end comes before the keydown of the same key, which says it does not compose',
      ['start', 'end', enter({ keyCode: 229 }), 'task', enter({ keyCode: 13 })],
      [false, true],
    ],
    [
      'WebKitGTK: an input method that marks every key with 229 still sends',
      ['start', 'end', 'task', enter({ keyCode: 229 }), enter({ keyCode: 229 })],
      [true, true],
    ],
    [
      'a second composition starts in the task in which the first one ended',
      ['start', 'end', 'start', 'task', enter(), 'end', enter(), 'task', enter()],
      [false, false, true],
    ],
    [
      'composition without isComposing on any event',
      ['start', enter(), 'end', 'task', enter()],
      [false, true],
    ],
    ['the end without a start does no harm', ['end', 'task', enter()], [true]],
  ];

  test.each(cases)('%s', (_name, steps, expected) => {
    expect(answers(steps)).toEqual(expected);
  });
});

test('U42: what the input method takes is seen by nobody around the field', () => {
  const guard = new ImeGuard();
  const key = (isComposing = false) => ({ isComposing, stopPropagation: vi.fn() });
  const before = key();
  expect(guard.takes(before)).toBe(false);
  expect(before.stopPropagation).not.toHaveBeenCalled();
  const composing = key(true);
  expect(guard.takes(composing)).toBe(true);
  expect(composing.stopPropagation).toHaveBeenCalledOnce();
  guard.start();
  guard.end();
  const ending = key();
  expect(guard.takes(ending)).toBe(true);
  expect(ending.stopPropagation).toHaveBeenCalledOnce();
});

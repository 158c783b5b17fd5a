import { afterEach, expect, test } from 'vitest';
import { menuPopup, optionWords, pointedTo, selectedState } from './orca';

afterEach(() => {
  delete document.documentElement.dataset.system;
});

test('an option is pointed to where readers follow that', () => {
  document.documentElement.dataset.system = 'other';
  expect(menuPopup()).toBe('menu');
  expect(pointedTo('list-0')).toBe('list-0');
  expect(pointedTo(undefined)).toBeUndefined();
  expect(selectedState(false)).toBe(false);
});

test('an option is said, and not pointed to, on Linux', () => {
  document.documentElement.dataset.system = 'linux';
  expect(menuPopup()).toBeUndefined();
  expect(selectedState(true)).toBeUndefined();
  expect(pointedTo('list-0')).toBeUndefined();
});

test('the words of an option are those that are there', () => {
  expect(optionWords('Wang Fang', '', undefined, false, 'Sales')).toBe('Wang Fang, Sales');
  expect(optionWords()).toBe('');
});

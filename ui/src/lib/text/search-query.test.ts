import { describe, expect, test } from 'vitest';
import { formatDay, parseDay, parseQuery, withFilter } from './search-query';

const day = (year: number, month: number, date: number) =>
  new Date(year, month - 1, date).getTime();
const none = { words: '', from: null, in: null, fromMs: null, toMs: null, kind: null };

describe('U92: what is typed into the search', () => {
  test.each([
    ['budget 2024', { words: 'budget 2024' }],
    ['from:anna contract', { words: 'contract', from: 'anna' }],
    ['contract from:"Anna Kowalski" signed', { words: 'contract signed', from: 'Anna Kowalski' }],
    ['来自:王伟 图标', { words: '图标', from: '王伟' }],
    ['来自：“王 伟” 在：设计组', { from: '王 伟', in: '设计组' }],
    ['has:file 报告', { words: '报告', kind: 'file' }],
    ['含:图片', { kind: 'image' }],
    ['after:2024-05-01', { fromMs: day(2024, 5, 1) }],
    ['before:2024/5/3 x', { words: 'x', toMs: day(2024, 5, 3) }],
    ['on:2024-02-29', { fromMs: day(2024, 2, 29), toMs: day(2024, 3, 1) }],
    ['晚于:2024年5月1日', { fromMs: day(2024, 5, 1) }],
  ])('%s', (text, expected) => {
    expect(parseQuery(text)).toEqual({ ...none, ...expected });
  });

  test.each([
    'http://x.example',
    'from:',
    'has:nothing',
    'after:tomorrow',
    'on:2024-02-30',
    '10:30',
  ])('what is no filter stays a word: %s', (text) => {
    expect(parseQuery(text)).toEqual({ ...none, words: text });
  });
});

test('a filter that is clicked takes the place of one that was typed', () => {
  expect(withFilter('contract', 'from', 'Anna Kowalski')).toBe('from:"Anna Kowalski" contract');
  expect(withFilter('来自:王伟 contract', 'from', '李娜')).toBe('from:李娜 contract');
  expect(withFilter('after:2024-05-01 before:2024-06-01 x', 'on', '2024-05-02')).toBe(
    'on:2024-05-02 x',
  );
  expect(withFilter('from:a in:b x', 'from', null)).toBe('in:b x');
});

test('days are read as they are written', () => {
  expect(parseDay('2024-05-01')).toBe(day(2024, 5, 1));
  expect(formatDay(day(2024, 5, 1))).toBe('2024-05-01');
  expect(parseDay('2024-13-01')).toBeNull();
});

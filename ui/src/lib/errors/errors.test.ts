import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { i18n } from '../i18n/i18n.svelte';
import type { ErrorCode } from '../rpc/generated/ErrorCode';
import { ApiFailure, apiError, toApiError } from './api-failure';
import { describeError, describeProblem } from './describe';
import { errorTable } from './table';

const codes = Object.keys(errorTable) as ErrorCode[];

describe('the table of errors', () => {
  test('covers exactly the codes of the contract', () => {
    const generated = readFileSync(
      resolve(import.meta.dirname, '../rpc/generated/ErrorCode.ts'),
      'utf8',
    );
    const contract = [...generated.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
    expect(codes.toSorted()).toEqual(contract.sort());
  });

  test.each(codes)('%s has a sentence without holes in both languages', (code) => {
    for (const locale of ['en', 'zh-CN'] as const) {
      i18n.locale = locale;
      expect(describeError(apiError(code))).toMatch(/[.。]$/);
      expect(describeError(apiError(code))).not.toMatch(/[{}]/);
    }
  });
});

test('values make the sentence more exact, when they are there', () => {
  expect(describeError(apiError('port-in-use', { port: '5280' }))).toBe(
    'Another program already uses port 5280. Choose another number.',
  );
  expect(describeError(apiError('port-in-use'))).toBe(
    'Another program already uses this port. Choose another number.',
  );
});

test('technical detail is never part of the sentence', () => {
  const error = { ...apiError('internal'), detail: 'thread panicked at src/x.rs' };
  expect(describeError(error)).toBe('Something went wrong in Startalk.');
});

test('a hint of a form is said in the language of the moment', () => {
  i18n.locale = 'zh-CN';
  expect(describeProblem({ key: 'form.name-missing' })).toBe('请输入姓名。');
});

test.each([
  [{ code: 'name-taken', values: { name: 'a' }, detail: 'd' }, 'name-taken'],
  [{ code: 'name-taken' }, 'name-taken'],
  [new ApiFailure(apiError('timed-out')), 'timed-out'],
  [{ code: 'a-code-of-a-later-version' }, 'internal'],
  [new TypeError('x is undefined'), 'internal'],
  ['command not found', 'internal'],
  [undefined, 'internal'],
  [{ code: 'toString' }, 'internal'],
])('whatever is thrown becomes an error of the contract: %o', (thrown, code) => {
  const error = toApiError(thrown);
  expect(error.code).toBe(code);
  expect(error.values).toBeTypeOf('object');
  expect(error.detail).toBeTypeOf('string');
});

import { i18n } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/keys';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ErrorCode } from '../rpc/generated/ErrorCode';
import { errorTable } from './table';

/** Something to say at a place: an error of the contract, with its own sentence if `key` is there, or a hint of the form. */
export type Problem = { error: ApiError; key?: MessageKey } | { key: MessageKey };

/** The sentence for an error, in the language of the moment. */
export function describeError(error: ApiError): string {
  const { text, detailed } = errorTable[error.code];
  const values = error.values as Record<string, string>;
  return detailed !== undefined && i18n.canFill(detailed, values)
    ? i18n.t(detailed, values)
    : i18n.t(text);
}

export function describeCode(code: ErrorCode): string {
  return i18n.t(errorTable[code].text);
}

/** The code behind a sentence, for tests that run in any language. */
export function problemCode(problem: Problem): string {
  return 'error' in problem ? problem.error.code : problem.key;
}

export function describeProblem(problem: Problem): string {
  return problem.key !== undefined ? i18n.t(problem.key) : describeError(problem.error);
}

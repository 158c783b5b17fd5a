import type { ApiError } from '../rpc/generated/ApiError';
import type { ErrorCode } from '../rpc/generated/ErrorCode';
import { isErrorCode } from './table';

/** An `ApiError` as something that can be thrown. */
export class ApiFailure extends Error {
  constructor(readonly error: ApiError) {
    super(`${error.code}: ${error.detail}`);
    this.name = 'ApiFailure';
  }
}

export function apiError(code: ErrorCode, values: Record<string, string> = {}): ApiError {
  return { code, values, detail: '' };
}

/** Whatever was thrown, as an `ApiError`; what is not one is a fault of ours. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiFailure) return thrown.error;
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown) {
    const { code, values, detail } = thrown as Partial<ApiError>;
    if (typeof code === 'string' && isErrorCode(code)) {
      return { code, values: values ?? {}, detail: detail ?? '' };
    }
  }
  return { code: 'internal', values: {}, detail: String(thrown) };
}

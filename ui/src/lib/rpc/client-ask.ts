import type { Request } from './generated/Request';
import type { Response } from './generated/Response';

export type ResponseType = Response['type'];

/** What a response of this type carries. */
export type ValueOf<T extends ResponseType> =
  Extract<Response, { type: T }> extends { value: infer V } ? V : undefined;

/** Asks the engine; throws an `ApiFailure` and nothing else. */
export type Ask = <T extends ResponseType>(request: Request, expected: T) => Promise<ValueOf<T>>;

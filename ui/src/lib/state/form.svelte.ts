import { toApiError } from '../errors/api-failure';
import type { Problem } from '../errors/describe';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ErrorCode } from '../rpc/generated/ErrorCode';

/** Errors of a form, each at the field it concerns; `form` is for the rest. */
export class FieldProblems<Field extends string> {
  readonly #places: Partial<Record<ErrorCode, Field>>;
  #problems = $state.raw<Partial<Record<Field | 'form', Problem>>>({});

  constructor(places: Partial<Record<ErrorCode, Field>>) {
    this.#places = places;
  }

  at(field: Field | 'form'): Problem | undefined {
    return this.#problems[field];
  }

  get any(): boolean {
    return Object.keys(this.#problems).length > 0;
  }

  set(field: Field | 'form', problem: Problem): void {
    this.#problems = { ...this.#problems, [field]: problem };
  }

  /** Puts an error where it belongs and returns it. */
  place(thrown: unknown): ApiError {
    const error = toApiError(thrown);
    this.set(this.#places[error.code] ?? 'form', { error });
    return error;
  }

  clear(field?: Field | 'form'): void {
    if (field === undefined) {
      if (this.any) this.#problems = {};
    } else if (field in this.#problems) {
      this.#problems = Object.fromEntries(
        Object.entries(this.#problems).filter(([place]) => place !== field),
      ) as Partial<Record<Field | 'form', Problem>>;
    }
  }
}

import { apiError } from '../errors/api-failure';
import type { FileRequest } from '../rpc/generated/FileRequest';
import type { Response } from '../rpc/generated/Response';
import type { TransferView } from '../rpc/generated/TransferView';

/** What files on their way see of the fake team. */
export interface CarryingTeam {
  /** Where a message was written. */
  where(message: number): string;
  /** A file of a message is at the server. */
  arrived(message: number): void;
  remove(message: number): void;
  changed(): void;
}

/** Files on their way, which move when they are told to. */
export class FakeTransfers {
  all: TransferView[] = [];
  readonly #team: CarryingTeam;

  constructor(team: CarryingTeam) {
    this.#team = team;
  }

  /** The first file of a message is on its way. */
  begin(message: number, more: Partial<TransferView> = {}): void {
    const transfer: TransferView = {
      conversation: this.#team.where(message),
      message,
      index: 0,
      direction: 'up',
      state: 'running',
      done_bytes: 0,
      total_bytes: 8_000_000,
      bytes_per_second: 0,
      error: null,
      ...more,
    };
    this.all = [...this.all, transfer];
    this.#team.changed();
  }

  change(message: number, change: Partial<TransferView>): void {
    this.all = this.all.map((one) => (one.message === message ? { ...one, ...change } : one));
    this.#team.changed();
  }

  /** So many bytes more of all that runs, in a second. */
  advance(bytes: number): void {
    for (const { message, state, done_bytes, total_bytes } of this.all) {
      if (state !== 'running') continue;
      const done = done_bytes + bytes;
      if (done >= (total_bytes ?? 0)) this.#end(message, () => this.#team.arrived(message));
      else this.change(message, { done_bytes: done, bytes_per_second: bytes });
    }
  }

  answer(request: FileRequest): Response {
    switch (request.action) {
      case 'transfers':
        return { type: 'transfers', value: structuredClone(this.all) };
      case 'pause':
        this.change(request.message, { state: 'paused', bytes_per_second: 0 });
        return { type: 'done' };
      case 'resume':
        this.change(request.message, { state: 'running', done_bytes: 0 });
        return { type: 'done' };
      case 'cancel':
        this.#end(request.message, () => this.#team.remove(request.message));
        return { type: 'done' };
      case 'stop-fetch':
        this.#end(request.message, () => undefined);
        return { type: 'done' };
      default:
        throw apiError('not-supported');
    }
  }

  #end(message: number, then: () => void): void {
    this.all = this.all.filter((one) => one.message !== message);
    then();
    this.#team.changed();
  }
}

import type { MessageView } from '../rpc/generated/MessageView';

/** So long a text that was taken back can be edited again. */
export const EDIT_AGAIN_MS = 5 * 60_000;

/** Own texts that were just taken back; in memory only, and not for long. */
export class TakenBack {
  #texts = $state.raw<ReadonlyMap<number, string>>(new Map());

  textOf(message: number): string | undefined {
    return this.#texts.get(message);
  }

  add({ id, text }: MessageView): void {
    if (text === '') return;
    this.#texts = new Map([...this.#texts, [id, text]]);
    setTimeout(() => {
      const left = new Map(this.#texts);
      left.delete(id);
      this.#texts = left;
    }, EDIT_AGAIN_MS);
  }
}

import { forget, keep, readKept } from './kept';

/** So many typed texts are remembered. */
const MAX_HABITS = 300;

/** What was chosen for a typed text, the latest last; both as hashes. */
type Kept = [typed: string, chosen: string][];

/**
 * What somebody chooses when they type something, so that the next time it
 * comes first. The place is not encrypted, so it holds hashes, no names.
 */
export class Habits {
  readonly #name: string;
  readonly #salt: string;
  #kept: Kept | null = null;

  constructor(account: string) {
    this.#salt = account;
    this.#name = nameOf(account);
  }

  /** Nothing of this account is left on this device. */
  static forget(account: string): void {
    forget(nameOf(account));
  }

  /** What was chosen last for this text, or for one that begins with it. */
  rank(typed: string, id: string): number {
    const kept = this.#all;
    const chosen = this.#hash(id);
    const wanted = this.#hash(fold(typed));
    for (let index = kept.length - 1; index >= 0; index -= 1) {
      const habit = kept[index];
      if (habit?.[0] === wanted && habit[1] === chosen) return index + 1;
    }
    return 0;
  }

  /** Each beginning of the text leads there from now on. */
  chose(typed: string, id: string): void {
    const text = fold(typed);
    if (text === '') return;
    const chosen = this.#hash(id);
    const beginnings = [...text].map((_, index, all) =>
      this.#hash(all.slice(0, index + 1).join('')),
    );
    const fresh = new Set(beginnings);
    const others = this.#all.filter(([text, to]) => !(fresh.has(text) && to === chosen));
    this.#kept = [
      ...others,
      ...beginnings.map((beginning): [string, string] => [beginning, chosen]),
    ].slice(-MAX_HABITS);
    keep(this.#name, this.#kept);
  }

  get #all(): Kept {
    this.#kept ??= readKept(this.#name, read);
    return this.#kept;
  }

  #hash(text: string): string {
    return hash(`${this.#salt}\n${text}`);
  }
}

function nameOf(account: string): string {
  return `habits.${hash(account)}`;
}

function read(value: unknown): Kept {
  if (!Array.isArray(value)) return [];
  return (value as unknown[])
    .filter(
      (habit): habit is [string, string] =>
        Array.isArray(habit) &&
        habit.length === 2 &&
        habit.every((part) => typeof part === 'string'),
    )
    .slice(-MAX_HABITS);
}

function fold(typed: string): string {
  return typed.trim().toLocaleLowerCase().slice(0, 24);
}

/** FNV-1a of 64 bits, in two halves. */
export function hash(text: string): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let index = 0; index < text.length; index += 1) {
    low ^= text.charCodeAt(index);
    // Times 2^40 + 2^8 + 0xb3.
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 0x1_0000_0000)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(36) + low.toString(36);
}

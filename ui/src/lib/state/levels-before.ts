import type { ConversationView } from '../rpc/generated/ConversationView';
import type { NotifyLevel } from '../rpc/generated/NotifyLevel';
import { hash } from './habits';
import { forget, keep, readKept } from './kept';

/** So many conversations are remembered. */
const MAX_LEVELS = 500;

/** A level that somebody chose, by conversation as a hash, the latest last. */
type Kept = [conversation: string, level: NotifyLevel][];

/**
 * Of what one wanted to be told before a conversation was muted: the engine keeps
 * only what holds now. Kept is what differs from the usual.
 */
export class LevelsBefore {
  readonly #name: string;
  readonly #salt: string;

  constructor(account: string) {
    this.#salt = account;
    this.#name = nameOf(account);
  }

  /** Nothing of this account is left on this device. */
  static forget(account: string): void {
    forget(nameOf(account));
  }

  /** To be called when a conversation is about to be muted. */
  muted(row: ConversationView): void {
    // Muted anew, with another end: the level from before is that of the first time.
    if (row.notify === 'none') return;
    const id = this.#hash(row);
    const others = readKept(this.#name, read).filter(([one]) => one !== id);
    const differs: Kept = row.notify === usual(row) ? [] : [[id, row.notify]];
    keep(this.#name, [...others, ...differs].slice(-MAX_LEVELS));
  }

  /** The level from before, or the usual one for its kind. */
  of(row: ConversationView): NotifyLevel {
    const id = this.#hash(row);
    return readKept(this.#name, read).find(([one]) => one === id)?.[1] ?? usual(row);
  }

  #hash({ id }: ConversationView): string {
    return hash(`${this.#salt}\n${id}`);
  }
}

function nameOf(account: string): string {
  return `levels.${hash(account)}`;
}

/** Of what one is told as long as nothing was decided. */
function usual({ kind }: ConversationView): NotifyLevel {
  return kind === 'room' ? 'mentions' : 'all';
}

function read(value: unknown): Kept {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter(
    (entry): entry is [string, NotifyLevel] =>
      Array.isArray(entry) &&
      entry.length === 2 &&
      typeof entry[0] === 'string' &&
      (entry[1] === 'all' || entry[1] === 'mentions'),
  );
}

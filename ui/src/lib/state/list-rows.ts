import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Rpc } from '../rpc/client';
import { mergeRows } from './merge-rows';

/** So many rows are asked for where all may have changed; what is below them follows. */
export const HEAD = 200;
/** The contract's greatest page. */
const PAGE = 1_000;
/** More than this are not asked for one by one. */
const NAMED = 50;
/** How long after a change of all the rows far below are read again. */
export const REST_MS = 1_000;

/** The rows of one account as the engine has them. Each message changes one of them, and only that is read again. */
export class ListRows {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #taken: (rows: ConversationView[]) => void;
  readonly #due: () => void;
  #rows: ConversationView[] = [];
  /** What has to be read again: one by one, from the top, or all to the end. */
  #changed = new Set<string>();
  #headDue = true;
  #restDue = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** `taken` is called with the rows whenever they were read, `due` when it is time to read. */
  constructor(
    rpc: Rpc,
    account: string,
    taken: (rows: ConversationView[]) => void,
    due: () => void,
  ) {
    this.#rpc = rpc;
    this.#account = account;
    this.#taken = taken;
    this.#due = due;
  }

  /** One row may have changed, come or gone. */
  oneChanged(id: string): void {
    this.#changed.add(id);
    if (this.#changed.size <= NAMED) return;
    this.#changed.clear();
    this.allChanged();
  }

  /** Any may have; those far below are read a little later. */
  allChanged(): void {
    this.#headDue = true;
  }

  /** Any may have, and somebody waits for those far below. */
  allWanted(): void {
    this.allChanged();
    this.#restDue = true;
  }

  /** Reads what has to be read. What does not come stays due. */
  async read(): Promise<void> {
    // Before it is asked: what changes while it is read is read again.
    const [changed, head, rest] = [this.#changed, this.#headDue, this.#restDue];
    this.#changed = new Set();
    this.#headDue = false;
    this.#restDue = false;
    try {
      const read = head ? await this.#readHead(rest) : [];
      const below = new Set(changed);
      for (const { id } of read) below.delete(id);
      if (below.size > 0 && !rest) await this.#readNamed(below);
    } catch (thrown) {
      this.#headDue ||= head;
      this.#restDue ||= rest;
      for (const id of changed) this.oneChanged(id);
      throw thrown;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#rest);
  }

  async #readNamed(changed: ReadonlySet<string>): Promise<void> {
    const { rows, total } = await this.#rpc.conversationRows(this.#account, [...changed]);
    const merged = mergeRows(this.#rows, changed, rows);
    if (merged) this.#take(merged);
    // One is elsewhere than can be told from here, or has come or gone unnoticed.
    if (!merged || merged.length !== total) this.#restSoon(merged ? REST_MS : 0);
  }

  async #readHead(rest: boolean): Promise<ConversationView[]> {
    const head = await this.#rpc.conversations(this.#account, 0, HEAD);
    if (head.total <= head.rows.length) {
      this.#take(head.rows);
      return head.rows;
    }
    // What is below stays as it was until it is read again.
    const fresh = new Set(head.rows.map(({ id }) => id));
    this.#take([...head.rows, ...this.#rows.filter(({ id }) => !fresh.has(id))]);
    if (rest) await this.#readRest(head.rows);
    else this.#restSoon(this.#rows.length < head.total ? 0 : REST_MS);
    return head.rows;
  }

  async #readRest(head: ConversationView[]): Promise<void> {
    const rows = new Map(head.map((row) => [row.id, row]));
    let skip = head.length;
    for (;;) {
      const page = await this.#rpc.conversations(this.#account, skip, PAGE);
      for (const row of page.rows) if (!rows.has(row.id)) rows.set(row.id, row);
      skip += page.rows.length;
      if (page.rows.length === 0 || skip >= page.total) break;
    }
    this.#take([...rows.values()]);
  }

  #take(rows: ConversationView[]): void {
    this.#rows = rows;
    this.#taken(rows);
  }

  /** A timer that runs is left alone: where much happens, it would never end. */
  #restSoon(wait: number): void {
    if (this.#closed) return;
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.allWanted();
      this.#due();
    }, wait);
  }
}

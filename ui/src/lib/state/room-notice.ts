import { hash } from './habits';
import { keep, readKept } from './kept';

/** So many notices are remembered as closed. */
const MAX_CLOSED = 200;
const NAME = 'closed-notices';

/** The place is not encrypted: it holds hashes, no words. */
const keyOf = (account: string, room: string, text: string) => hash(`${account} ${room} ${text}`);

function closed(): string[] {
  return readKept(NAME, (kept) =>
    Array.isArray(kept) ? kept.filter((one): one is string => typeof one === 'string') : [],
  );
}

/** Whether this reader has closed what a room says on top; another text is another notice. */
export function isClosed(account: string, room: string, text: string): boolean {
  return closed().includes(keyOf(account, room, text));
}

export function closeNotice(account: string, room: string, text: string): void {
  const key = keyOf(account, room, text);
  keep(NAME, [...closed().filter((one) => one !== key), key].slice(-MAX_CLOSED));
}

import type { ConversationList } from './conversation-list.svelte';
import { userName } from './contact-names';
import { matchName } from '../text/pinyin';

/** A person or conversation that a filter can name. */
export interface SearchName {
  id: string;
  name: string;
  /** What tells it from others of the same name; empty where nobody else has it. */
  note: string;
}

/** What a filter says: the name, or the address of one of several that have it. */
export function filterValue({ id, name, note }: SearchName): string {
  return note === '' ? name : id;
}

/** Who may have written something: those we write with, then all others we know. */
export function authors(list: ConversationList): SearchName[] {
  const direct = list.all.filter(({ kind }) => kind === 'direct');
  const contacts = list.people.map(({ address, name }) => ({ id: address, name }));
  return toldApart([...direct, ...contacts], list);
}

export function conversations(list: ConversationList): SearchName[] {
  return toldApart(list.all, list);
}

/** Those whose name fits best; several if they have the same. An address fits itself. */
export function best(among: readonly SearchName[], typed: string): SearchName[] {
  const itself = among.find(({ id }) => id === typed);
  if (itself) return [itself];
  let found: { one: SearchName; rank: number } | undefined;
  for (const one of among) {
    const match = matchName(one.name, typed);
    if (match && (!found || match.rank < found.rank)) found = { one, rank: match.rank };
  }
  if (!found) return [];
  const { one } = found;
  return one.note === '' ? [one] : among.filter((other) => key(other) === key(one));
}

function toldApart(
  all: readonly { id: string; name: string }[],
  list: ConversationList,
): SearchName[] {
  const each = [...new Map(all.map((one) => [one.id, one])).values()];
  const times = new Map<string, number>();
  for (const one of each) times.set(key(one), (times.get(key(one)) ?? 0) + 1);
  return each.map(({ id, name }) => ({
    id,
    name,
    note: times.get(key({ name })) === 1 ? '' : list.note(id) || userName(id),
  }));
}

const key = ({ name }: { name: string }) => name.trim().toLocaleLowerCase();

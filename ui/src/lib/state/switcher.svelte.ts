import type { ContactView } from '../rpc/generated/ContactView';
import type { ConversationKind } from '../rpc/generated/ConversationKind';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { HighlightRange } from '../rpc/generated/HighlightRange';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { Rpc } from '../rpc/client';
import { loadPinyin, matchName } from '../text/pinyin';
import type { ConversationList } from './conversation-list.svelte';
import type { Habits } from './habits';

const MAX_NAMES = 20;
const MAX_MESSAGES = 5;
/** A message is looked for when the text has rested; names at once. */
export const MESSAGES_DELAY_MS = 120;

/** A person, a room, or a conversation that is there already. */
export interface NameEntry {
  kind: 'name';
  id: string;
  of: ConversationKind;
  name: string;
  ranges: readonly HighlightRange[];
  row: ConversationView | undefined;
  contact: ContactView | undefined;
  /** Where they work, to tell two of the same name apart. */
  department: string;
}

export type Entry =
  | NameEntry
  | { kind: 'message'; id: string; hit: SearchHit }
  | { kind: 'search'; id: string; text: string };

export interface SwitcherHost {
  rpc: Rpc;
  account: string;
  list: ConversationList;
  habits: Habits;
  /** Conversations, the one that was open last first. */
  recent: () => readonly string[];
  selected: () => string | null;
}

/** Finds a person, a room or a message by a few keys. */
export class Switcher {
  readonly #host: SwitcherHost;
  #text = $state('');
  #names = $state.raw<NameEntry[]>([]);
  #messages = $state.raw<SearchHit[]>([]);
  #at = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #look = 0;
  #looking: Promise<void> = Promise.resolve();
  #entries = $derived.by((): Entry[] => {
    const entries: Entry[] = [...this.#names];
    for (const hit of this.#messages) {
      entries.push({ kind: 'message', id: `message-${String(hit.message)}`, hit });
    }
    const text = this.#text.trim();
    if (text !== '') entries.push({ kind: 'search', id: 'search', text });
    return entries;
  });

  constructor(host: SwitcherHost) {
    this.#host = host;
    void loadPinyin();
    this.#names = this.#recent();
  }

  get text(): string {
    return this.#text;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The entry that Enter takes. */
  get active(): Entry | undefined {
    return this.#entries[this.#at];
  }

  move(step: 1 | -1): void {
    const count = this.#entries.length;
    if (count > 0) this.#at = (this.#at + step + count) % count;
  }

  activate(entry: Entry): void {
    this.#at = Math.max(0, this.#entries.indexOf(entry));
  }

  /** Remembers that this was meant by what is typed. */
  chose(entry: Entry): void {
    if (entry.kind === 'name') this.#host.habits.chose(this.#text, entry.id);
  }

  input(text: string): Promise<void> {
    this.#text = text;
    this.#at = 0;
    clearTimeout(this.#timer);
    const look = ++this.#look;
    const wanted = text.trim();
    if (wanted === '') {
      this.#names = this.#recent();
      this.#messages = [];
      this.#looking = Promise.resolve();
    } else {
      this.#timer = setTimeout(() => void this.#lookForMessages(wanted, look), MESSAGES_DELAY_MS);
      this.#looking = this.#lookForNames(wanted, look);
    }
    return this.#looking;
  }

  /** What Enter takes: of what was found for all of the text, not for its beginning. */
  async entered(): Promise<Entry | undefined> {
    const look = this.#look;
    await this.#looking;
    return look === this.#look ? this.active : undefined;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#look += 1;
  }

  async #lookForNames(wanted: string, look: number): Promise<void> {
    const names = await this.#find(wanted);
    if (look === this.#look) this.#names = names;
  }

  async #find(wanted: string): Promise<NameEntry[]> {
    const { rpc, account, list, habits } = this.#host;
    const contacts = new Map(list.people.map((contact) => [contact.address, contact]));
    const found = new Map<string, NameEntry>();
    try {
      for (const hit of await rpc.findNames(account, wanted, MAX_NAMES)) {
        found.set(hit.id, this.#entry(hit.id, hit.kind, hit.name, hit.highlights, contacts));
      }
    } catch {
      // Names cannot be read right now; departments below come from what is here.
    }
    const fits = new Map<string, boolean>();
    for (const contact of list.people) {
      if (found.size >= MAX_NAMES || found.has(contact.address)) continue;
      const department = departmentOf(contact);
      let fit = fits.get(department);
      if (fit === undefined) {
        fit = department !== '' && matchName(department, wanted) !== null;
        fits.set(department, fit);
      }
      if (fit) {
        found.set(
          contact.address,
          this.#entry(contact.address, 'direct', contact.name, [], contacts),
        );
      }
    }
    const ranks = new Map([...found.keys()].map((id) => [id, habits.rank(wanted, id)]));
    return [...found.values()].sort((a, b) => (ranks.get(b.id) ?? 0) - (ranks.get(a.id) ?? 0));
  }

  async #lookForMessages(text: string, look: number): Promise<void> {
    try {
      const { hits } = await this.#host.rpc.findMessages({
        action: 'find',
        account: this.#host.account,
        text,
        filters: { conversation: null, author: null, from_ms: null, to_ms: null, kind: null },
        before: null,
        limit: MAX_MESSAGES,
      });
      if (look === this.#look) this.#messages = hits.filter(({ message }) => message !== null);
    } catch {
      if (look === this.#look) this.#messages = [];
    }
  }

  /** What was open last, then what is unread, then the rest; never what is open. */
  #recent(): NameEntry[] {
    const { list, recent, selected } = this.#host;
    const rows = list.all.filter((row) => !row.archived && row.id !== selected());
    const place = new Map(recent().map((id, index) => [id, index]));
    const rank = (row: ConversationView) =>
      place.get(row.id) ?? (row.unread > 0 && row.notify !== 'none' ? 1_000 : 2_000);
    return rows
      .map((row, index) => ({ row, index }))
      .sort((a, b) => rank(a.row) - rank(b.row) || a.index - b.index)
      .slice(0, MAX_NAMES)
      .map(({ row }) => this.#entry(row.id, row.kind, row.name, [], null));
  }

  #entry(
    id: string,
    of: ConversationKind,
    name: string,
    ranges: readonly HighlightRange[],
    contacts: ReadonlyMap<string, ContactView> | null,
  ): NameEntry {
    const { list } = this.#host;
    const contact = contacts ? contacts.get(id) : list.people.find(({ address }) => address === id);
    return {
      kind: 'name',
      id,
      of,
      name,
      ranges,
      row: list.find(id),
      contact,
      department: contact ? departmentOf(contact) : '',
    };
  }
}

function departmentOf(contact: ContactView): string {
  return contact.departments[0]?.join(' / ') ?? '';
}

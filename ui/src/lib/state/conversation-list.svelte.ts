import type { ContactView } from '../rpc/generated/ContactView';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Rpc } from '../rpc/client';
import { Doorbell } from './doorbell';
import { holdOrder } from './row-order';

/** The left column of one account: conversations, and people without one. */
export class ConversationList {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #bell = new Doorbell(() => this.#reload());
  #rows = $state.raw<ConversationView[]>([]);
  #contacts = $state.raw<ContactView[]>([]);
  #loaded = $state(false);
  #held = false;
  #newest: ConversationView[] = [];
  filter = $state('');

  #shownRows = $derived(this.#rows.filter((row) => matches(row.name, this.filter)));
  #shownContacts = $derived.by(() => {
    const talking = new Set(this.#rows.map((row) => row.id));
    return this.#contacts.filter(
      (contact) => !talking.has(contact.address) && matches(contact.name, this.filter),
    );
  });

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** All conversations, unfiltered. */
  get all(): readonly ConversationView[] {
    return this.#rows;
  }

  get rows(): readonly ConversationView[] {
    return this.#shownRows;
  }

  /** Contacts without a conversation. */
  get contacts(): readonly ContactView[] {
    return this.#shownContacts;
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0 && this.#contacts.length === 0;
  }

  find(id: string): ConversationView | undefined {
    return this.#rows.find((row) => row.id === id);
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  /** While the pointer is on the list, rows change but do not move. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    if (!held) this.#rows = this.#newest;
  }

  /** The row `step` places from this one, among those shown. */
  neighbour(id: string | null, step: 1 | -1): ConversationView | undefined {
    const index = this.#shownRows.findIndex((row) => row.id === id);
    if (index < 0) return this.#shownRows[0];
    return this.#shownRows[index + step];
  }

  async #reload(): Promise<void> {
    try {
      const [rows, contacts] = await Promise.all([
        this.#rpc.conversations(this.#account),
        this.#rpc.contacts(this.#account),
      ]);
      this.#newest = rows;
      this.#rows = this.#held ? holdOrder(this.#rows, rows) : rows;
      this.#contacts = contacts;
    } catch {
      // The account is being locked or removed; the overview says so.
    } finally {
      this.#loaded = true;
    }
  }
}

function matches(name: string, filter: string): boolean {
  return name.toLocaleLowerCase().includes(filter.trim().toLocaleLowerCase());
}

import type { Event } from '../rpc/generated/Event';
import type { FoundRoom } from '../rpc/generated/FoundRoom';
import type { InvitationView } from '../rpc/generated/InvitationView';
import type { RoomView } from '../rpc/generated/RoomView';
import type { Rpc } from '../rpc/client';
import { loadPinyin, matchName } from '../text/pinyin';
import { Attempt } from './attempt.svelte';
import { Doorbell } from './doorbell';

/** So many rooms are asked for at a time. */
const PAGE = 100;
/** In so many rooms a person is looked for. */
const SEARCHED = 60;

/** The rooms of one account, and invitations to others. */
export class Rooms {
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #bell = new Doorbell(() => this.#reload());
  #list = $state.raw<RoomView[]>([]);
  #invitations = $state.raw<InvitationView[]>([]);
  #loaded = $state(false);
  #byAddress = $derived(new Map(this.#list.map((room) => [room.address, room])));

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get list(): readonly RoomView[] {
    return this.#list;
  }

  /** Those that wait for an answer, newest first. */
  get invitations(): readonly InvitationView[] {
    return this.#invitations;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  find(address: string): RoomView | undefined {
    return this.#byAddress.get(address);
  }

  /** Whether nothing can be written there: we have left it, or were put out. */
  isOut(address: string): boolean {
    const state = this.find(address)?.state;
    return state === 'left' || state === 'not-joined';
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  handle(event: Event): void {
    if (['room-changed', 'invitations-changed', 'lagged'].includes(event.type)) void this.refresh();
  }

  /** Whether we are in it now; a room with a password refuses without the right one. */
  join(room: string, password: string | null = null): Promise<boolean> {
    return this.#about(room, 'join', async () => {
      await this.#rpc.rooms.join(this.#account, room, password);
      await this.refresh();
    });
  }

  decline(room: string): Promise<boolean> {
    return this.#about(room, 'decline', async () => {
      await this.#rpc.rooms.decline(this.#account, room);
      await this.refresh();
    });
  }

  /** What was written stays on this device. */
  leave(room: string): Promise<boolean> {
    return this.#about(room, 'leave', async () => {
      await this.#rpc.rooms.leave(this.#account, room, false);
      await this.refresh();
    });
  }

  #about(room: string, deed: string, work: () => Promise<void>): Promise<boolean> {
    return this.attempt.run(`${deed} ${room}`, work, room);
  }

  /** The rooms in which we see this person now; in some rooms nobody is told who is who. */
  async sharedWith(person: string): Promise<RoomView[]> {
    const joined = this.#list.filter(({ state }) => state === 'joined').slice(0, SEARCHED);
    const shared = await Promise.all(
      joined.map(async (room) => {
        const there = await this.#rpc.rooms.occupants(this.#account, room.address).catch(() => []);
        return there.some(({ address }) => address === person) ? [room] : [];
      }),
    );
    return shared.flat();
  }

  async #reload(): Promise<void> {
    try {
      const [list, invitations] = await Promise.all([
        this.#rpc.rooms.list(this.#account),
        this.#rpc.rooms.invitations(this.#account),
      ]);
      this.#list = list;
      this.#invitations = invitations;
    } catch {
      // The account is being locked or removed; the overview says so.
    } finally {
      this.#loaded = true;
    }
  }
}

/** The public rooms of the server, a page at a time, searched by name. */
export class RoomFinder {
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  #found = $state.raw<FoundRoom[]>([]);
  #next = $state<string | null>(null);
  #asked = $state(false);
  filter = $state('');
  #shown = $derived.by(() => {
    const query = this.filter.trim();
    if (query === '') return this.#found;
    return this.#found.filter(({ name }) => matchName(name, query) !== null);
  });

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get rooms(): readonly FoundRoom[] {
    return this.#shown;
  }

  /** One of them, whatever is looked for. */
  find(address: string): FoundRoom | undefined {
    return this.#found.find((room) => room.address === address);
  }

  /** Whether the server has more than was fetched. */
  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Whether an answer is here, so that "nothing" means nothing. */
  get answered(): boolean {
    return this.#asked;
  }

  async load(): Promise<void> {
    void loadPinyin();
    await this.attempt.run('find', async () => {
      const page = await this.#rpc.rooms.discover(this.#account, null, PAGE);
      this.#found = page.rooms;
      this.#next = page.next;
      this.#asked = true;
    });
  }

  async more(): Promise<void> {
    const after = this.#next;
    if (after === null) return;
    await this.attempt.run('more', async () => {
      const page = await this.#rpc.rooms.discover(this.#account, after, PAGE);
      const known = new Set(this.#found.map(({ address }) => address));
      this.#found = [...this.#found, ...page.rooms.filter(({ address }) => !known.has(address))];
      this.#next = page.next;
    });
  }
}

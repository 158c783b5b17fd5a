import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Event } from '../rpc/generated/Event';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Rpc } from '../rpc/client';
import type { Attention } from './attention.svelte';
import { Composer } from './composer.svelte';
import { Connection } from './connection.svelte';
import { ConversationList } from './conversation-list.svelte';
import { Timeline } from './timeline.svelte';
import { Unlock } from './unlock.svelte';

/** One account that is open in the window. A switch of account drops all of it. */
export class Session {
  readonly account: string;
  readonly list: ConversationList;
  readonly connection = new Connection();
  /** For the password after the server has refused the saved one. */
  readonly unlock: Unlock;
  readonly #rpc: Rpc;
  readonly #attention: Attention;
  readonly #announce: (messages: MessageView[]) => void;
  #timeline = $state.raw<Timeline | null>(null);
  #composer = $state.raw<Composer | null>(null);
  #selected = $derived(this.#timeline?.conversation ?? null);
  #problem = $state.raw<ApiError | null>(null);

  constructor(
    rpc: Rpc,
    account: string,
    attention: Attention,
    announce: (messages: MessageView[]) => void,
  ) {
    this.#rpc = rpc;
    this.account = account;
    this.#attention = attention;
    this.#announce = announce;
    this.list = new ConversationList(rpc, account);
    this.unlock = new Unlock(rpc, account);
  }

  /** Id of the open conversation. */
  get selected(): string | null {
    return this.#selected;
  }

  get conversation(): ConversationView | undefined {
    return this.#selected === null ? undefined : this.list.find(this.#selected);
  }

  get timeline(): Timeline | null {
    return this.#timeline;
  }

  get composer(): Composer | null {
    return this.#composer;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Fills the list and opens what was talked about last. */
  async start(): Promise<void> {
    await this.list.refresh();
    const first = this.list.all[0];
    if (first && this.#timeline === null) await this.select(first.id);
  }

  async select(id: string): Promise<void> {
    if (id === this.#selected) return;
    const row = this.list.find(id);
    if (!row) return;
    this.#leave();
    const timeline = new Timeline({
      rpc: this.#rpc,
      account: this.account,
      conversation: id,
      attention: this.#attention,
      unread: () => this.list.find(id)?.unread ?? 0,
      arrived: this.#announce,
    });
    this.#timeline = timeline;
    this.#composer = new Composer({
      rpc: this.#rpc,
      account: this.account,
      conversation: id,
      draft: row.draft,
      sent: () => {
        timeline.ownMessageSent();
        void timeline.refresh();
        void this.list.refresh();
      },
    });
    await timeline.open();
  }

  /** Opens the conversation with a contact, making it if need be. */
  async startConversation(contact: string): Promise<void> {
    this.#problem = null;
    try {
      const id = await this.#rpc.startConversation(this.account, contact);
      await this.list.refresh();
      this.list.filter = '';
      await this.select(id);
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  async move(step: 1 | -1): Promise<void> {
    const next = this.list.neighbour(this.#selected, step);
    if (next) await this.select(next.id);
  }

  async reconnect(): Promise<void> {
    // The outcome comes as a change of the connection.
    await this.#rpc.reconnectNow(this.account).catch(() => undefined);
  }

  handle(event: Event): void {
    switch (event.type) {
      case 'connection-changed':
        this.connection.update(event.connection);
        break;
      case 'conversations-changed':
      case 'contacts-changed':
      case 'profile-changed':
      case 'blocked-changed':
        void this.list.refresh();
        break;
      case 'messages-changed':
        if (event.conversation === this.#selected) void this.#timeline?.refresh();
        break;
      case 'lagged':
        void this.list.refresh();
        void this.#timeline?.refresh();
        break;
      case 'accounts-changed':
      case 'room-changed':
      case 'invitations-changed':
      case 'subscription-requests-changed':
      case 'notify':
        break;
    }
  }

  /** Saves what is being written and lets go. */
  close(): void {
    this.#leave();
    this.connection.close();
  }

  #leave(): void {
    void this.#composer?.leave().then(() => this.list.refresh());
    this.#timeline?.close();
    this.#composer = null;
    this.#timeline = null;
  }
}

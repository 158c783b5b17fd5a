import { toApiError } from '../errors/api-failure';
import type { Problem } from '../errors/describe';
import type { LinkView } from '../rpc/generated/LinkView';
import type { Rpc } from '../rpc/client';

export type Wish = Exclude<LinkView, { kind: 'join' }>;

interface Host {
  rpc: Rpc;
  /** The account that is open; none before the first was added. */
  account: () => string | null;
  /** Shows the conversation. */
  open: (account: string, conversation: string) => Promise<void>;
  /** Puts a text behind what is being written there; it is open. */
  write: (conversation: string, text: string) => Promise<void>;
  done: () => void;
}

/** A link from outside that wants a conversation or a room: nothing is done before the person has said so. */
export class OutsideLink {
  readonly wish: Wish | null;
  readonly #host: Host;
  #busy = $state(false);
  #problem = $state.raw<Problem | undefined>();

  /** `null` for a link that is not understood: then this only says so. */
  constructor(wish: Wish | null, host: Host) {
    this.wish = wish;
    this.#host = host;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  dismiss(): void {
    this.#host.done();
  }

  async accept(): Promise<void> {
    const account = this.#host.account();
    if (this.#busy || this.wish === null) return;
    if (account === null) {
      this.#problem = { key: 'link.no-account' };
      return;
    }
    this.#busy = true;
    this.#problem = undefined;
    try {
      const conversation = await this.#conversation(account, this.wish);
      await this.#host.open(account, conversation);
      // Into the composer, never out by itself.
      const text = this.wish.kind === 'chat' ? this.wish.text : '';
      if (text !== '') await this.#host.write(conversation, text);
      this.#host.done();
    } catch (thrown) {
      this.#problem = { error: toApiError(thrown) };
    } finally {
      this.#busy = false;
    }
  }

  async #conversation(account: string, wish: Wish): Promise<string> {
    const { rpc } = this.#host;
    if (wish.kind === 'room') {
      await rpc.joinRoom(account, wish.address);
      return wish.address;
    }
    return rpc.startConversation(account, wish.address);
  }
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ContactView } from '../rpc/generated/ContactView';
import type { Event } from '../rpc/generated/Event';
import type { ProfileView } from '../rpc/generated/ProfileView';
import type { Rpc } from '../rpc/client';
import { Doorbell } from './doorbell';

/** All that is known of one person, while it is on screen. */
export class Profile {
  readonly address: string;
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #bell = new Doorbell(() => this.#reload(false));
  #view = $state.raw<ProfileView | null>(null);
  #problem = $state.raw<ApiError | null>(null);

  constructor(rpc: Rpc, account: string, address: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.address = address;
  }

  get view(): ProfileView | null {
    return this.#view;
  }

  /** Why nothing can be shown. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Shows what is here, then what the server says. */
  async open(): Promise<void> {
    await this.#reload(false);
    await this.#reload(true);
  }

  refresh(): Promise<void> {
    return this.#bell.ring();
  }

  handle(event: Event): void {
    switch (event.type) {
      case 'profile-changed':
        if (event.address === this.address) void this.refresh();
        break;
      case 'contacts-changed':
      case 'blocked-changed':
      case 'lagged':
        void this.refresh();
    }
  }

  async #reload(fromServer: boolean): Promise<void> {
    try {
      this.#view = await this.#rpc.people.profile(this.#account, this.address, fromServer);
      this.#problem = null;
    } catch (thrown) {
      // What was read before stays on screen; without it, the reason is told.
      if (this.#view === null) this.#problem = toApiError(thrown);
    }
  }
}

/** What is known of a contact before their profile is here. */
export function briefProfile(contact: ContactView): ProfileView {
  return {
    address: contact.address,
    name: contact.name,
    nickname: '',
    card: null,
    avatar: contact.avatar,
    presence: contact.presence,
    status: contact.status,
    idle_since_ms: contact.idle_since_ms,
    is_contact: true,
    subscription: contact.subscription,
    asked: contact.asked,
    blocked: contact.blocked,
    features: [],
  };
}

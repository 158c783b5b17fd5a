import type { Ask } from './client-ask';
import type { AvatarView } from './generated/AvatarView';
import type { CardView } from './generated/CardView';
import type { DirectoryEntryView } from './generated/DirectoryEntryView';
import type { DirectoryFormView } from './generated/DirectoryFormView';
import type { OwnPresenceView } from './generated/OwnPresenceView';
import type { PeopleRequest } from './generated/PeopleRequest';
import type { ProfileView } from './generated/ProfileView';
import type { SubscriptionRequestView } from './generated/SubscriptionRequestView';

/** What is asked about one person and answered with nothing. */
export type PersonAction =
  'remove' | 'accept' | 'decline' | 'approve' | 'unsubscribe' | 'block' | 'unblock';

/** The part of the contract that is about people. */
export class PeopleRpc {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  add(account: string, address: string, name: string, groups: string[]): Promise<void> {
    return this.#done({ action: 'add', account, address, name, groups });
  }

  change(account: string, address: string, name: string, groups: string[]): Promise<void> {
    return this.#done({ action: 'change', account, address, name, groups });
  }

  act(action: PersonAction, account: string, address: string): Promise<void> {
    return this.#done({ action, account, address });
  }

  requests(account: string): Promise<SubscriptionRequestView[]> {
    return this.#ask({ type: 'people', action: 'requests', account }, 'subscription-requests');
  }

  profile(account: string, address: string, refresh: boolean): Promise<ProfileView> {
    return this.#ask({ type: 'people', action: 'profile', account, address, refresh }, 'profile');
  }

  avatar(account: string, address: string): Promise<AvatarView | null> {
    return this.#ask({ type: 'people', action: 'avatar', account, address }, 'avatar');
  }

  setProfile(account: string, nickname: string, card: CardView): Promise<void> {
    return this.#done({ action: 'set-profile', account, nickname, card });
  }

  /** Base64; nothing removes the picture. */
  setAvatar(account: string, data: string): Promise<void> {
    return this.#done({ action: 'set-avatar', account, data });
  }

  ownPresence(account: string): Promise<OwnPresenceView> {
    return this.#ask({ type: 'people', action: 'own-presence', account }, 'own-presence');
  }

  setPresence(account: string, presence: OwnPresenceView): Promise<void> {
    return this.#done({ action: 'set-presence', account, presence });
  }

  blocked(account: string): Promise<string[]> {
    return this.#ask({ type: 'people', action: 'blocked', account }, 'blocked');
  }

  directoryForm(account: string): Promise<DirectoryFormView> {
    return this.#ask({ type: 'people', action: 'directory-form', account }, 'directory-form');
  }

  searchDirectory(
    account: string,
    service: string,
    fields: Record<string, string>,
  ): Promise<DirectoryEntryView[]> {
    return this.#ask(
      { type: 'people', action: 'search-directory', account, service, fields },
      'directory',
    );
  }

  #done(request: PeopleRequest): Promise<void> {
    return this.#ask({ type: 'people', ...request }, 'done');
  }
}

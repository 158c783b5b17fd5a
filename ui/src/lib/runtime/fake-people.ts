import { apiError } from '../errors/api-failure';
import type { AvatarView } from '../rpc/generated/AvatarView';
import type { CardView } from '../rpc/generated/CardView';
import type { ContactView } from '../rpc/generated/ContactView';
import type { DirectoryEntryView } from '../rpc/generated/DirectoryEntryView';
import type { Event } from '../rpc/generated/Event';
import type { OwnPresenceView } from '../rpc/generated/OwnPresenceView';
import type { PeopleRequest } from '../rpc/generated/PeopleRequest';
import type { ProfileView } from '../rpc/generated/ProfileView';
import type { Response } from '../rpc/generated/Response';
import type { SubscriptionRequestView } from '../rpc/generated/SubscriptionRequestView';
import { nobody } from './fixtures';

/** The engine's limit for a picture, in bytes. */
const PICTURE_LIMIT = 128 * 1024;

/** What the fake of people sees of the fake team. */
export interface PeopledTeam {
  readonly account: string;
  readonly me: string;
  readonly myName: string;
  contacts: ContactView[];
  emit(event: Event): void;
}

/** Contacts, profiles and presence with the behaviour of the contract. */
export class FakePeople {
  requests: SubscriptionRequestView[] = [];
  readonly blocked = new Set<string>();
  readonly cards = new Map<string, CardView>();
  readonly avatars = new Map<string, AvatarView>();
  /** The server's directory; none: it has no directory. */
  directory: DirectoryEntryView[] | null = [];
  presence: OwnPresenceView = { show: 'available', status: '' };
  nickname = '';
  readonly #team: PeopledTeam;

  constructor(team: PeopledTeam) {
    this.#team = team;
  }

  answer(request: PeopleRequest): Response {
    switch (request.action) {
      case 'requests':
        return { type: 'subscription-requests', value: structuredClone(this.requests) };
      case 'blocked':
        return { type: 'blocked', value: [...this.blocked] };
      case 'own-presence':
        return { type: 'own-presence', value: { ...this.presence } };
      case 'profile':
        return { type: 'profile', value: structuredClone(this.#profile(request.address)) };
      case 'avatar':
        return { type: 'avatar', value: this.avatars.get(request.address) ?? null };
      case 'directory-form':
        return this.#form();
      case 'search-directory':
        return { type: 'directory', value: this.#search(request.fields) };
      default:
        this.#change(request);
        return { type: 'done' };
    }
  }

  #change(request: PeopleRequest): void {
    switch (request.action) {
      case 'add':
        this.#put(request.address, request.name, request.groups, { asked: true });
        break;
      case 'change':
        this.#put(request.address, request.name, request.groups, {});
        break;
      case 'remove':
        this.#team.contacts = this.#team.contacts.filter(
          ({ address }) => address !== request.address,
        );
        break;
      case 'accept': {
        const asked = this.requests.find(({ address }) => address === request.address);
        this.#put(request.address, asked?.name ?? '', [], { subscription: 'both', asked: false });
        this.#answered(request.address);
        break;
      }
      case 'decline':
        this.#answered(request.address);
        break;
      case 'block':
      case 'unblock':
        if (request.action === 'block') this.blocked.add(request.address);
        else this.blocked.delete(request.address);
        this.#team.contacts = this.#team.contacts.map((contact) =>
          contact.address === request.address
            ? { ...contact, blocked: request.action === 'block' }
            : contact,
        );
        this.#team.emit({ type: 'blocked-changed', account: this.#team.account });
        break;
      case 'set-profile':
        this.nickname = request.nickname;
        this.cards.set(this.#team.me, request.card);
        this.#profileChanged(this.#team.me);
        break;
      case 'set-avatar':
        this.#setPicture(request.data);
        break;
      case 'set-presence':
        this.presence = { ...request.presence };
    }
    this.#team.emit({ type: 'contacts-changed', account: this.#team.account });
  }

  #put(address: string, name: string, groups: string[], more: Partial<ContactView>): void {
    if (!/^[^@\s]+@[^@\s]+$/.test(address)) throw apiError('input-not-understood');
    const before = this.#team.contacts.find((contact) => contact.address === address);
    const found = this.directory?.find((entry) => entry.address === address);
    const contact: ContactView = {
      ...(before ?? { ...nobody, address, subscription: 'none' }),
      name: name || before?.name || found?.name || (address.split('@')[0] ?? address),
      groups,
      departments: groups.map((group) => group.split('::')),
      ...more,
    };
    this.#team.contacts = [
      ...this.#team.contacts.filter((one) => one.address !== address),
      contact,
    ];
  }

  #answered(address: string): void {
    this.requests = this.requests.filter((request) => request.address !== address);
    this.#team.emit({ type: 'subscription-requests-changed', account: this.#team.account });
  }

  #profileChanged(address: string): void {
    this.#team.emit({ type: 'profile-changed', account: this.#team.account, address });
  }

  #setPicture(data: string): void {
    if (data.length > (PICTURE_LIMIT * 4) / 3 + 4) {
      throw apiError('picture-not-usable', { limit: String(PICTURE_LIMIT) });
    }
    if (data === '') this.avatars.delete(this.#team.me);
    else {
      const hash = `own-${data.length}`;
      this.avatars.set(this.#team.me, { hash, media_type: 'image/jpeg', data });
    }
    this.#profileChanged(this.#team.me);
  }

  #profile(address: string): ProfileView {
    const contact = this.#team.contacts.find((one) => one.address === address);
    const mine = address === this.#team.me;
    const nickname = mine ? this.nickname || this.#team.myName : '';
    const found = this.directory?.find((entry) => entry.address === address);
    return {
      ...(contact ?? { ...nobody, address, subscription: 'none' }),
      name: nickname || contact?.name || found?.name || (address.split('@')[0] ?? address),
      nickname,
      card: this.cards.get(address) ?? null,
      avatar: this.avatars.get(address)?.hash ?? contact?.avatar ?? '',
      is_contact: contact !== undefined,
      blocked: this.blocked.has(address),
      features: [],
    };
  }

  #form(): Response {
    if (this.directory === null) throw apiError('not-supported');
    return {
      type: 'directory-form',
      value: {
        service: 'vjud.valley.local',
        instructions: '',
        fields: [
          { name: 'fn', label: 'Full Name', required: false },
          { name: 'user', label: 'User', required: false },
          { name: 'orgunit', label: 'Department', required: false },
        ],
      },
    };
  }

  #search(fields: Readonly<Record<string, string | undefined>>): DirectoryEntryView[] {
    const wanted = Object.values(fields).map((value) => (value ?? '').toLowerCase());
    return (this.directory ?? []).filter(({ name, address, values }) => {
      const text = [name, address, ...Object.values(values)].join(' ').toLowerCase();
      return wanted.every((one) => text.includes(one));
    });
  }
}

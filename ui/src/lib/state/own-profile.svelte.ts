import type { CardView } from '../rpc/generated/CardView';
import type { ProfileView } from '../rpc/generated/ProfileView';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';
import type { Pictures } from './pictures.svelte';

export const NO_CARD: CardView = {
  full_name: '',
  title: '',
  organisation: '',
  department: '',
  emails: [],
  phones: [],
  url: '',
  note: '',
};

/** The form in which a person says who they are. */
export class OwnProfile {
  readonly attempt = new Attempt();
  readonly address: string;
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #pictures: Pictures;
  #view = $state.raw<ProfileView | null>(null);
  #loading = $state(true);
  nickname = $state('');
  title = $state('');
  department = $state('');
  phone = $state('');
  email = $state('');

  constructor(rpc: Rpc, account: string, address: string, pictures: Pictures) {
    this.#rpc = rpc;
    this.#account = account;
    this.address = address;
    this.#pictures = pictures;
  }

  get loading(): boolean {
    return this.#loading;
  }

  /** Hash of the picture; empty if there is none. */
  get avatar(): string {
    return this.#view?.avatar ?? '';
  }

  /**
   * Reads what others see now. The card is replaced as a whole, so nothing may
   * be saved before it is here.
   */
  async open(): Promise<void> {
    this.#loading = true;
    await this.attempt.run('load', async () => {
      this.#view = await this.#rpc.people.profile(this.#account, this.address, true);
      this.#fill(this.#view);
    });
    this.#loading = false;
  }

  get canSave(): boolean {
    return this.#view !== null && !this.attempt.busy && this.nickname.trim() !== '';
  }

  save(): Promise<boolean> {
    return this.attempt.run('save', () =>
      this.#rpc.people.setProfile(this.#account, this.nickname.trim(), this.#card()),
    );
  }

  /** A picture in base64; nothing removes it. */
  setPicture(data: string): Promise<boolean> {
    return this.attempt.run('picture', async () => {
      await this.#rpc.people.setAvatar(this.#account, data);
      const view = await this.#rpc.people.profile(this.#account, this.address, false);
      this.#view = view;
      this.#pictures.want(this.address, view.avatar);
    });
  }

  #fill(view: ProfileView): void {
    const card = view.card ?? NO_CARD;
    this.nickname = view.nickname || view.name;
    this.title = card.title;
    this.department = card.department;
    this.phone = card.phones[0] ?? '';
    this.email = card.emails[0] ?? '';
  }

  /** The card with what was typed; what the form does not show stays. */
  #card(): CardView {
    const before = this.#view?.card ?? NO_CARD;
    return {
      ...before,
      full_name: before.full_name || this.nickname.trim(),
      title: this.title.trim(),
      department: this.department.trim(),
      phones: replaceFirst(before.phones, this.phone),
      emails: replaceFirst(before.emails, this.email),
    };
  }
}

/** Each once: what is typed may be one of the others. */
function replaceFirst(all: readonly string[], typed: string): string[] {
  return [...new Set([typed.trim(), ...all.slice(1)])].filter((one) => one !== '');
}

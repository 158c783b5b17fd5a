import type { DirectoryEntryView } from '../rpc/generated/DirectoryEntryView';
import type { DirectoryFormView } from '../rpc/generated/DirectoryFormView';
import type { Rpc } from '../rpc/client';
import { Attempt } from './attempt.svelte';

/** Fields by which one looks for a person, where a directory has several: the first that is there. */
const NAMES = ['fn', 'name', 'first', 'nick', 'user', 'username', 'search'];

/** The server's directory of people. */
export class Directory {
  readonly attempt = new Attempt();
  readonly #rpc: Rpc;
  readonly #account: string;
  #form = $state.raw<DirectoryFormView | null>(null);
  #found = $state.raw<DirectoryEntryView[] | null>(null);
  #values = $state.raw<Record<string, string>>({});

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get form(): DirectoryFormView | null {
    return this.#form;
  }

  /** What was found; nothing before the first search. */
  get found(): readonly DirectoryEntryView[] | null {
    return this.#found;
  }

  /** The field that is shown first, and what else can be asked. */
  get mainField(): string | undefined {
    const fields = this.#form?.fields ?? [];
    const known = NAMES.map((name) => fields.find((field) => field.name === name));
    return (known.find(Boolean) ?? fields[0])?.name;
  }

  value(field: string): string {
    return this.#values[field] ?? '';
  }

  setValue(field: string, value: string): void {
    this.#values = { ...this.#values, [field]: value };
  }

  get canSearch(): boolean {
    return !this.attempt.busy && Object.values(this.#values).some((value) => value.trim() !== '');
  }

  async open(): Promise<void> {
    await this.attempt.run('form', async () => {
      this.#form = await this.#rpc.people.directoryForm(this.#account);
    });
  }

  async search(): Promise<void> {
    const form = this.#form;
    if (!form || !this.canSearch) return;
    const fields = Object.fromEntries(
      Object.entries(this.#values)
        .map(([name, value]) => [name, value.trim()] as const)
        .filter(([, value]) => value !== ''),
    );
    await this.attempt.run('search', async () => {
      this.#found = await this.#rpc.people.searchDirectory(this.#account, form.service, fields);
    });
  }
}

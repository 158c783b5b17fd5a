import type { MessageKey } from '../i18n/keys';
import type { Rpc } from '../rpc/client';
import type { EmbeddedServer } from './server.svelte';
import { FieldProblems } from './form.svelte';

export type StartField = 'team' | 'name' | 'password' | 'port';

/**
 * The form "Start a server for my team", or, where this computer has one already, that of
 * somebody who comes back to it.
 */
export class StartTeam {
  readonly problems = new FieldProblems<StartField>({
    'port-in-use': 'port',
    'password-too-weak': 'password',
    'name-invalid': 'name',
    'name-taken': 'name',
    'wrong-password': 'password',
  });
  /** The team whose server is here. */
  readonly here: string | null;
  readonly #rpc: Rpc;
  readonly #server: EmbeddedServer;
  readonly #defaultPort: number;
  #busy = $state(false);
  team = $state('');
  name = $state('');
  password = $state('');
  port = $state('');
  advanced = $state(false);

  constructor(rpc: Rpc, server: EmbeddedServer, defaultPort: number) {
    this.#rpc = rpc;
    this.#server = server;
    this.#defaultPort = defaultPort;
    this.port = String(defaultPort);
    this.here = server.view.state === 'none' ? null : server.view.team_name;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** What is going on behind the button. */
  get step(): MessageKey {
    switch (this.#server.view.state) {
      case 'running':
        return 'start.step.signing-in';
      case 'starting':
        return 'start.step.starting';
      default:
        return 'start.step.preparing';
    }
  }

  /** Resolves with the id of the new account, or null if something must be mended first. */
  async submit(): Promise<string | null> {
    if (this.#busy) return null;
    this.problems.clear();
    if (this.name.trim() === '') this.problems.set('name', { key: 'form.name-missing' });
    if (this.password === '') this.problems.set('password', { key: 'form.password-missing' });
    return this.here === null ? this.#create() : this.#signIn();
  }

  async #create(): Promise<string | null> {
    const port = parsePort(this.port);
    if (this.team.trim() === '') this.problems.set('team', { key: 'form.team-missing' });
    if (port === null) this.#atPort(() => this.problems.set('port', { key: 'form.port-invalid' }));
    const { name, password } = this;
    return this.#ask(() =>
      this.#rpc.serverCreate({
        team_name: this.team.trim(),
        name: name.trim(),
        password,
        port: port === this.#defaultPort ? null : port,
      }),
    );
  }

  #signIn(): Promise<string | null> {
    const { name, password } = this;
    return this.#ask(() => this.#rpc.serverSignIn({ name: name.trim(), password }));
  }

  async #ask(call: () => Promise<string>): Promise<string | null> {
    if (this.problems.any) return null;
    this.#busy = true;
    try {
      return await call();
    } catch (thrown) {
      const error = this.problems.place(thrown);
      if (error.code === 'port-in-use' && this.here === null) this.advanced = true;
      return null;
    } finally {
      this.#busy = false;
    }
  }

  #atPort(act: () => void): void {
    this.advanced = true;
    act();
  }
}

/** A port as typed, or null if it is none. */
export function parsePort(text: string): number | null {
  const digits = text.trim();
  if (!/^\d{1,5}$/.test(digits)) return null;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : null;
}

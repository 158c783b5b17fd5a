import type { MessageKey } from '../i18n/keys';
import type { Rpc } from '../rpc/client';
import type { EmbeddedServer } from './server.svelte';
import { FieldProblems } from './form.svelte';

export type StartField = 'team' | 'name' | 'password' | 'port';

/** The form "Start a server for my team". */
export class StartTeam {
  readonly problems = new FieldProblems<StartField>({
    'port-in-use': 'port',
    'password-too-weak': 'password',
    'name-invalid': 'name',
    'name-taken': 'name',
  });
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
    const port = parsePort(this.port);
    if (this.team.trim() === '') this.problems.set('team', { key: 'form.team-missing' });
    if (this.name.trim() === '') this.problems.set('name', { key: 'form.name-missing' });
    if (this.password === '') this.problems.set('password', { key: 'form.password-missing' });
    if (port === null) this.#atPort(() => this.problems.set('port', { key: 'form.port-invalid' }));
    if (this.problems.any) return null;
    this.#busy = true;
    try {
      return await this.#rpc.serverCreate({
        team_name: this.team.trim(),
        name: this.name.trim(),
        password: this.password,
        port: port === this.#defaultPort ? null : port,
      });
    } catch (thrown) {
      const error = this.problems.place(thrown);
      if (error.code === 'port-in-use') this.advanced = true;
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

import { apiError } from '../errors/api-failure';
import type { AccountView } from '../rpc/generated/AccountView';
import type { ConnectionView } from '../rpc/generated/ConnectionView';
import type { EmbeddedServerView } from '../rpc/generated/EmbeddedServerView';
import type { InviteView } from '../rpc/generated/InviteView';
import type { NewTeam } from '../rpc/generated/NewTeam';
import type { TeamSignIn } from '../rpc/generated/TeamSignIn';
import { fakeQr, TEAM } from './fixtures';

/** What the built-in server sees of the fake team. */
export interface HostingTeam {
  pause(ms: number): Promise<void>;
  now(): number;
  /** How many others are there. */
  others(): number;
  changed(server: EmbeddedServerView): void;
  setConnection(connection: ConnectionView): void;
  addAccount(account: Partial<AccountView>): void;
}

/** The server in the app, with the behaviour of the contract. */
export class FakeServer {
  view: EmbeddedServerView = { state: 'none' };
  readonly #team: HostingTeam;

  constructor(team: HostingTeam) {
    this.#team = team;
  }

  set(view: EmbeddedServerView): void {
    this.view = view;
    this.#team.changed(view);
  }

  async create(team: NewTeam): Promise<void> {
    await this.#team.pause(500);
    this.set({ state: 'starting', team_name: team.team_name });
    await this.#team.pause(700);
    this.#running(team.team_name);
    await this.#team.pause(400);
    this.#team.addAccount({ server_name: team.team_name, display_name: team.name });
  }

  async signIn({ name }: TeamSignIn): Promise<void> {
    const team = this.view.state === 'none' ? TEAM : this.view.team_name;
    this.set({ state: 'starting', team_name: team });
    await this.#team.pause(700);
    this.#running(team);
    this.#team.addAccount({ server_name: team, display_name: name });
  }

  async start(): Promise<void> {
    this.set({ state: 'starting', team_name: TEAM });
    await this.#team.pause(800);
    this.#running(TEAM);
    this.#team.setConnection({ state: 'online' });
  }

  stop(): void {
    this.set({ state: 'stopped', team_name: TEAM, error: null });
    this.#team.setConnection({
      state: 'waiting',
      retry_at_ms: this.#team.now() + 20_000,
      error: apiError('server-unreachable'),
    });
  }

  async invite(): Promise<InviteView> {
    await this.#team.pause(300);
    return {
      link: 'startalk://join/#eyJkIjoidmFsbGV5LmxvY2FsIiwiYSI6WyIxOTIuMTY4LjEuMjA6NTI4MCJdLCJrIjoiczZ3V0JxIiwidCI6IjdRbTlrWGZ0In0',
      qr_svg: fakeQr(),
      expires_ms: this.#team.now() + 7 * 86_400_000,
    };
  }

  #running(team_name: string): void {
    const people_online = 1 + this.#team.others();
    const addresses = ['192.168.1.20:5280'];
    this.set({ state: 'running', team_name, addresses, people_online });
  }
}

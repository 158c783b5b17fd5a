import { apiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ConnectionRequest } from '../rpc/generated/ConnectionRequest';
import type { ProxyView } from '../rpc/generated/ProxyView';
import type { Response } from '../rpc/generated/Response';

/** What the way to the server sees of the fake team. */
export interface ConnectingTeam {
  /** What the account's connection ended with. */
  problem(): ApiError | null;
  connect(): void;
}

/** The way to the servers, in memory. */
export class FakeConnection {
  proxy: ProxyView = { choice: { proxy: 'system' }, has_password: false };
  /** Passwords of the proxy, as they were set; none took it away. */
  readonly passwords: string[] = [];
  readonly #team: ConnectingTeam;

  constructor(team: ConnectingTeam) {
    this.#team = team;
  }

  answer(request: ConnectionRequest): Response {
    switch (request.action) {
      case 'proxy':
        return { type: 'proxy', value: structuredClone(this.proxy) };
      case 'set-proxy': {
        const { proxy, password } = request;
        const isSame = JSON.stringify(proxy) === JSON.stringify(this.proxy.choice);
        if (password !== null) this.passwords.push(password);
        this.proxy = {
          choice: structuredClone(proxy),
          has_password: password === null ? isSame && this.proxy.has_password : password !== '',
        };
        return { type: 'done' };
      }
      case 'trust-key': {
        const met = this.#team.problem();
        if (met?.code !== 'certificate-key-changed') throw apiError('not-allowed');
        const typed = request.fingerprint.replace(/\s/g, '');
        if (typed !== met.values.fingerprint) throw met;
        this.#team.connect();
        return { type: 'done' };
      }
      default:
        throw apiError('not-supported');
    }
  }
}

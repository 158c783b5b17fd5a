import { apiError, toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ConnectionRequest } from '../rpc/generated/ConnectionRequest';
import type { CheckView } from '../rpc/generated/CheckView';
import type { ConnectionStatusView } from '../rpc/generated/ConnectionStatusView';
import type { ManagedView } from '../rpc/generated/ManagedView';
import type { ProxyView } from '../rpc/generated/ProxyView';
import type { Response } from '../rpc/generated/Response';
import { fakeManaged } from './fixtures-managed';
import { preview } from './fake-preview';

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
  status: ConnectionStatusView = {
    way: 'direct-tls',
    certificate: {
      subject: 'valley.local',
      issuer: 'Valley Design, Office CA',
      self_signed: false,
      valid_from_ms: Date.UTC(2026, 0, 10),
      valid_until_ms: Date.UTC(2028, 0, 8),
      fingerprint: 'bP0fB7DPyfEQ7Mk3nXfDGgPmKj2a5l0oYw9QWdEhRtU',
    },
    round_trip_ms: 23,
    since_ms: Date.UTC(2026, 10, 26, 1, 2),
    caught_up_ms: Date.UTC(2026, 10, 26, 1, 2),
    waiting: 0,
  };
  managed: ManagedView = fakeManaged;
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
      case 'status':
        return { type: 'connection-status', value: structuredClone(this.status) };
      case 'check':
        return { type: 'checked', value: checked(request.input, this.status) };
      case 'managed':
        return { type: 'managed', value: structuredClone(this.managed) };
    }
  }
}

/** As the engine finds it: names that end in `.invalid` lead nowhere. */
function checked(input: string, { way, certificate }: ConnectionStatusView): CheckView {
  const nothing = { way: null, certificate: null, took_ms: 41 };
  try {
    const { domain } = preview(input);
    if (domain === 'off.example') {
      const error = apiError('server-unreachable', { server: domain });
      return { ...nothing, domain, failed: 'reach', error, code: '3-302-7' };
    }
    return { domain, failed: null, error: null, code: '0-000-0', way, certificate, took_ms: 87 };
  } catch (thrown) {
    const error = toApiError(thrown);
    return error.code === 'server-unknown'
      ? { ...nothing, domain: input, failed: 'name', error, code: '2-201-2' }
      : { ...nothing, domain: null, failed: 'address', error, code: '1-102-3' };
  }
}

import type { Ask } from './client-ask';
import type { CheckView } from './generated/CheckView';
import type { ConnectionStatusView } from './generated/ConnectionStatusView';
import type { ManagedView } from './generated/ManagedView';
import type { ProxyChoice } from './generated/ProxyChoice';
import type { ProxyView } from './generated/ProxyView';

/** The part of the contract that is about the way to the servers. */
export class ConnectionRpc {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  proxy(): Promise<ProxyView> {
    return this.#ask({ type: 'connection', action: 'proxy' }, 'proxy');
  }

  /** Without a password the one of before stays; an empty one takes it away. */
  setProxy(proxy: ProxyChoice, password: string | null): Promise<void> {
    return this.#ask({ type: 'connection', action: 'set-proxy', proxy, password }, 'done');
  }

  /** Asks the server once how long it takes. */
  status(account: string): Promise<ConnectionStatusView> {
    return this.#ask({ type: 'connection', action: 'status', account }, 'connection-status');
  }

  /** Tries the way to a server, without an account. */
  check(input: string): Promise<CheckView> {
    return this.#ask({ type: 'connection', action: 'check', input }, 'checked');
  }

  /** What whoever runs the server has set. */
  managed(account: string): Promise<ManagedView> {
    return this.#ask({ type: 'connection', action: 'managed', account }, 'managed');
  }

  /** Trusts the key that a server has now, which was shown. */
  trustKey(account: string, fingerprint: string): Promise<void> {
    return this.#ask({ type: 'connection', action: 'trust-key', account, fingerprint }, 'done');
  }
}

import type { Ask } from './client-ask';
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

  /** Trusts the key that a server has now, which was shown. */
  trustKey(account: string, fingerprint: string): Promise<void> {
    return this.#ask({ type: 'connection', action: 'trust-key', account, fingerprint }, 'done');
  }
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ProxyChoice } from '../rpc/generated/ProxyChoice';
import type { ProxyView } from '../rpc/generated/ProxyView';
import type { Rpc } from '../rpc/client';
import { FieldProblems } from './form.svelte';

/** As a person thinks of it. */
export type ProxySort = 'system' | 'none' | 'http' | 'socks5';

/** Ports that such proxies usually have. */
const USUAL_PORTS = { http: '8080', socks5: '1080' } as const;

/**
 * Through which proxy connections go. The password is never shown: the form only
 * knows whether there is one.
 */
export class ProxyForm {
  readonly problems = new FieldProblems<'host' | 'port'>({ 'input-not-understood': 'host' });
  readonly #rpc: Rpc;
  #view = $state.raw<ProxyView | null>(null);
  #sort = $state<ProxySort>('system');
  #busy = $state(false);
  #saved = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  host = $state('');
  port = $state('');
  user = $state('');
  password = $state('');

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  get loaded(): boolean {
    return this.#view !== null;
  }

  get sort(): ProxySort {
    return this.#sort;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** What is shown is what holds. */
  get saved(): boolean {
    return this.#saved;
  }

  /** Why the form could not be filled. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  get manual(): boolean {
    return this.#sort === 'http' || this.#sort === 'socks5';
  }

  /** A password is kept, and stays if the field is left empty. */
  get keepsPassword(): boolean {
    return this.#view?.has_password === true && !this.#isOther(this.#choice());
  }

  async load(): Promise<void> {
    try {
      const view = await this.#rpc.connection.proxy();
      this.#view = view;
      this.#problem = null;
      const { choice } = view;
      if (choice.proxy === 'manual') {
        this.#sort = choice.kind;
        this.host = choice.host;
        this.port = String(choice.port);
        this.user = choice.username ?? '';
      } else {
        this.#sort = choice.proxy;
      }
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  /** What needs no more words takes effect at once. */
  async choose(sort: ProxySort): Promise<void> {
    const before = this.#sort;
    this.#sort = sort;
    this.edited();
    if (sort === 'system' || sort === 'none') {
      await this.#set({ proxy: sort }, null);
      return;
    }
    const usual = before === 'http' || before === 'socks5' ? USUAL_PORTS[before] : '';
    if (this.port === usual) this.port = USUAL_PORTS[sort];
  }

  edited(): void {
    this.#saved = false;
    this.problems.clear();
  }

  async save(): Promise<boolean> {
    this.problems.clear();
    if (this.host.trim() === '') this.problems.set('host', { key: 'proxy.host-missing' });
    if (!/^\d{1,5}$/.test(this.port.trim()) || !isPort(Number(this.port))) {
      this.problems.set('port', { key: 'form.port-invalid' });
    }
    if (this.problems.any) return false;
    return this.#set(this.#choice(), this.password === '' ? null : this.password);
  }

  /** The proxy wants no password any more. */
  async forgetPassword(): Promise<void> {
    this.password = '';
    const choice = this.#view?.choice;
    if (choice) await this.#set(choice, '');
  }

  async #set(proxy: ProxyChoice, password: string | null): Promise<boolean> {
    if (this.#busy) return false;
    this.#busy = true;
    try {
      await this.#rpc.connection.setProxy(proxy, password);
      this.password = '';
      await this.load();
      this.#saved = true;
      return true;
    } catch (thrown) {
      const error = this.problems.place(thrown);
      // The usual sentence speaks of links and servers.
      if (error.code === 'input-not-understood') {
        this.problems.set('host', { error, key: 'proxy.not-understood' });
      }
      return false;
    } finally {
      this.#busy = false;
    }
  }

  #choice(): ProxyChoice {
    const sort = this.#sort;
    if (sort === 'system' || sort === 'none') return { proxy: sort };
    const user = this.user.trim();
    return {
      proxy: 'manual',
      kind: sort,
      // An address may be written as in a link.
      host: this.host.trim().replace(/^\[(.*)\]$/, '$1'),
      port: Number(this.port),
      ...(user === '' ? {} : { username: user }),
    };
  }

  #isOther(choice: ProxyChoice): boolean {
    const kept = this.#view?.choice;
    if (kept?.proxy !== 'manual' || choice.proxy !== 'manual') return true;
    return (
      kept.kind !== choice.kind ||
      kept.host !== choice.host ||
      kept.port !== choice.port ||
      (kept.username ?? '') !== (choice.username ?? '')
    );
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

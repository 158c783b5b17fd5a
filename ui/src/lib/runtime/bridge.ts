import { apiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { EmbeddedServerView } from '../rpc/generated/EmbeddedServerView';
import type { Event } from '../rpc/generated/Event';
import type { InviteView } from '../rpc/generated/InviteView';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { SettingProblem } from '../rpc/generated/SettingProblem';
import type { Settings } from '../rpc/generated/Settings';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import { USUAL_SETTINGS } from '../state/usual-settings';
import { BridgeDesktop, NO_LOCK, noDesktop } from './bridge-desktop';
import type { Runtime } from './runtime';

/** Where `startalk-cli bridge` listens, and what opens it. */
export interface Bridge {
  port: number;
  token: string;
}

/** What a bridge says; it is told `{ id, request }`, and first `{ token }`. */
type Said =
  | { type: 'answer'; id: number; response: Response }
  | { type: 'refused'; id: number; error: ApiError }
  | { type: 'event'; event: Event };

interface Waiting {
  resolve: (response: Response) => void;
  reject: (error: ApiError) => void;
}

const SETTINGS = 'startalk.bridge.settings';

/** The bridge that the fragment of the page's address names, if it names one. */
export function bridgeIn(fragment: string): Bridge | null {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const port = Number(fields.get('bridge'));
  const token = fields.get('token');
  return token && Number.isInteger(port) && port > 0 && port < 65536 ? { port, token } : null;
}

/**
 * A window in a browser on the engine of `startalk-cli bridge`. What only a
 * desktop can do is not there: no built-in server, no window to raise.
 */
export class BridgeRuntime implements Runtime {
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  readonly desktop = new BridgeDesktop((request) => this.request(request));
  #listener: (event: ShellEvent) => void = () => undefined;
  #nextId = 1;

  constructor({ port, token }: Bridge, open = (address: string) => new WebSocket(address)) {
    const socket = open(`ws://127.0.0.1:${String(port)}/`);
    this.#socket = socket;
    this.#opened = new Promise((resolve, reject) => {
      socket.onopen = () => {
        socket.send(JSON.stringify({ token }));
        resolve();
      };
      socket.onclose = () => {
        // Who asks later, or waits for an answer, learns the same.
        reject(gone());
        for (const { reject: refuse } of this.#waiting.values()) refuse(gone());
        this.#waiting.clear();
      };
    });
    // Not asked for yet is not unhandled.
    this.#opened.catch(() => undefined);
    socket.onmessage = ({ data }) => {
      this.#hear(JSON.parse(String(data)) as Said);
    };
  }

  async request(request: Request): Promise<Response> {
    await this.#opened;
    if (this.#socket.readyState !== WebSocket.OPEN) throw gone();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, request }));
    });
  }

  async subscribe(listener: (event: ShellEvent) => void): Promise<void> {
    this.#listener = listener;
    await this.#opened;
  }

  async shellInfo(): Promise<ShellInfo> {
    return {
      version: 'bridge',
      platform: 'linux',
      system_locale: navigator.language,
      home: '',
      default_port: 5280,
      start_link: null,
      settings: readSettings(),
      tray: false,
      read_aloud: false,
      lock: NO_LOCK,
      fatal: await this.#opened.then(
        () => null,
        (error: unknown) => error as ApiError,
      ),
    };
  }

  async settingsSet(settings: Settings): Promise<SettingProblem[]> {
    localStorage.setItem(SETTINGS, JSON.stringify(settings));
    return [];
  }

  async zoomSet(percent: number): Promise<void> {
    document.documentElement.style.zoom = `${String(percent)}%`;
  }

  async serverStatus(): Promise<EmbeddedServerView> {
    return { state: 'none' };
  }

  serverCreate(): Promise<string> {
    return noDesktop();
  }

  serverSignIn(): Promise<string> {
    return noDesktop();
  }

  serverStart(): Promise<void> {
    return noDesktop();
  }

  serverStop(): Promise<void> {
    return noDesktop();
  }

  serverInvite(): Promise<InviteView> {
    return noDesktop();
  }

  async openLink(link: string): Promise<void> {
    window.open(link, '_blank', 'noopener,noreferrer');
  }

  async showWindow(): Promise<void> {
    // It is where the browser has it.
  }

  async quit(): Promise<void> {
    this.#socket.close();
  }

  async painted(): Promise<void> {
    // Nobody measures a browser.
  }

  #hear(said: Said): void {
    if (said.type === 'event') {
      this.#listener({ type: 'engine', event: said.event });
      return;
    }
    const waiting = this.#waiting.get(said.id);
    this.#waiting.delete(said.id);
    if (said.type === 'answer') waiting?.resolve(said.response);
    else waiting?.reject(said.error);
  }
}

function gone(): ApiError {
  const error = apiError('internal');
  error.detail = 'the bridge is gone: start it again and open the address that it prints';
  return error;
}

function readSettings(): Settings {
  try {
    return {
      ...USUAL_SETTINGS,
      ...(JSON.parse(localStorage.getItem(SETTINGS) ?? '{}') as Settings),
    };
  } catch {
    return USUAL_SETTINGS;
  }
}

import { beforeEach, describe, expect, test } from 'vitest';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import { USUAL_SETTINGS } from '../state/usual-settings';
import { BridgeRuntime, bridgeIn } from './bridge';

/** The bridge's end, word by word. */
class Socket {
  static last: Socket;
  readonly sent: unknown[] = [];
  readyState: number = WebSocket.CONNECTING;
  onopen = () => undefined;
  onclose = () => undefined;
  onmessage: (event: { data: string }) => void = () => undefined;

  constructor(readonly address: string) {
    Socket.last = this;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  open(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen();
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose();
  }

  say(said: unknown): void {
    this.onmessage({ data: JSON.stringify(said) });
  }
}

function bridged() {
  const open = (address: string) => new Socket(address) as unknown as WebSocket;
  const runtime = new BridgeRuntime({ port: 7300, token: 'secret' }, open);
  return { runtime, socket: Socket.last };
}

beforeEach(() => localStorage.clear());

test('a bridge is named by the fragment alone', () => {
  expect(bridgeIn('#bridge=7300&token=abc')).toEqual({ port: 7300, token: 'abc' });
  for (const none of ['', '#', '#bridge=7300', '#token=abc', '#bridge=70000&token=a']) {
    expect(bridgeIn(none)).toBeNull();
  }
});

describe('a bridge', () => {
  test('is told the token first, and never in an address', async () => {
    const { runtime, socket } = bridged();
    const asked = runtime.request({ type: 'overview' });
    expect(socket.address).toBe('ws://127.0.0.1:7300/');
    expect(socket.sent).toEqual([]);
    socket.open();
    await Promise.resolve();
    expect(socket.sent).toEqual([{ token: 'secret' }, { id: 1, request: { type: 'overview' } }]);
    socket.say({ type: 'answer', id: 1, response: { type: 'done' } });
    expect(await asked).toEqual({ type: 'done' });
  });

  test('answers in any order, and refuses with the error of the contract', async () => {
    const { runtime, socket } = bridged();
    socket.open();
    const first = runtime.request({ type: 'overview' });
    const second = runtime.request({ type: 'dismiss-notices' });
    await Promise.resolve();
    await Promise.resolve();
    const error = { code: 'locked', values: {}, detail: '' };
    socket.say({ type: 'answer', id: 2, response: { type: 'done' } });
    socket.say({ type: 'refused', id: 1, error });
    expect(await second).toEqual({ type: 'done' });
    await expect(first).rejects.toEqual(error);
  });

  test('passes the events of the engine on', async () => {
    const { runtime, socket } = bridged();
    socket.open();
    const heard: ShellEvent[] = [];
    await runtime.subscribe((event) => heard.push(event));
    socket.say({ type: 'event', event: { type: 'accounts-changed' } });
    expect(heard).toEqual([{ type: 'engine', event: { type: 'accounts-changed' } }]);
  });

  test('that is gone fails what waits and what comes later', async () => {
    const { runtime, socket } = bridged();
    socket.open();
    const waiting = runtime.request({ type: 'overview' });
    await Promise.resolve();
    await Promise.resolve();
    socket.close();
    await expect(waiting).rejects.toMatchObject({ code: 'internal' });
    await expect(runtime.request({ type: 'overview' })).rejects.toMatchObject({ code: 'internal' });
  });

  test('that never opens is told before anything else', async () => {
    const { runtime, socket } = bridged();
    socket.close();
    const info = await runtime.shellInfo();
    expect(info.fatal).toMatchObject({ code: 'internal' });
  });

  test('has no server inside, and keeps settings in the browser', async () => {
    const { runtime, socket } = bridged();
    socket.open();
    expect(await runtime.serverStatus()).toEqual({ state: 'none' });
    await expect(runtime.serverStart()).rejects.toMatchObject({ code: 'not-supported' });
    await runtime.settingsSet({ ...USUAL_SETTINGS, language: 'zh-CN', theme: 'dark' });
    expect((await runtime.shellInfo()).settings).toMatchObject({
      language: 'zh-CN',
      theme: 'dark',
    });
  });
});

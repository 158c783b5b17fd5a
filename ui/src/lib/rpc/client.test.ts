import { describe, expect, test } from 'vitest';
import { ApiFailure } from '../errors/api-failure';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { Rpc } from './client';

const WANGWEI = 'wangwei@valley.local';

function team() {
  const fake = new FakeRuntime().withTeam();
  return { fake, rpc: new Rpc(fake) };
}

describe('requests', () => {
  test('carry the contract’s fields and unwrap the answer', async () => {
    const { fake, rpc } = team();
    const id = await rpc.sendMessage(ACCOUNT, WANGWEI, '你好');
    expect(fake.calls).toEqual([
      { type: 'send-message', account: ACCOUNT, conversation: WANGWEI, text: '你好' },
    ]);
    const window = await rpc.messages(ACCOUNT, WANGWEI, { at: 'latest' }, 1);
    expect(window.messages[0]).toMatchObject({ id, text: '你好', delivery: { state: 'waiting' } });
  });

  test('without a value resolve with nothing', async () => {
    const { rpc } = team();
    await expect(rpc.setDraft(ACCOUNT, WANGWEI, 'x')).resolves.toBeUndefined();
  });

  test('reject with a failure that holds the error of the contract', async () => {
    const { fake, rpc } = team();
    fake.failNext('join', 'name-taken', { name: 'a' });
    const thrown: unknown = await rpc
      .join('example.com', 'a', 'b')
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ApiFailure);
    expect((thrown as ApiFailure).error).toMatchObject({
      code: 'name-taken',
      values: { name: 'a' },
    });
  });

  test('answered by something else are a fault, not a wrong value', async () => {
    const { fake, rpc } = team();
    fake.request = () => Promise.resolve({ type: 'done' });
    await expect(rpc.overview()).rejects.toMatchObject({ error: { code: 'internal' } });
  });
});

test('commands of the shell reject with failures too', async () => {
  const { fake, rpc } = team();
  fake.failNext('serverStart', 'port-in-use', { port: '5280' });
  await expect(rpc.serverStart()).rejects.toMatchObject({ error: { code: 'port-in-use' } });
});

test('a runtime that throws something odd is an internal error', async () => {
  const { fake, rpc } = team();
  fake.shellInfo = () => Promise.reject(new Error('IPC is gone'));
  await expect(rpc.shellInfo()).rejects.toMatchObject({
    error: { code: 'internal', detail: 'Error: IPC is gone' },
  });
});

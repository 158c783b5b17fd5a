import { describe, expect, test, vi } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { sending } from '../runtime/fixtures-messages';
import { Transfers } from './transfers.svelte';

const WANGWEI = 'wangwei@valley.local';

async function scene() {
  const fake = new FakeRuntime().withTeam();
  const [message] = fake.fill(WANGWEI, sending());
  const ended = vi.fn();
  const transfers = new Transfers(new Rpc(fake), ACCOUNT, ended);
  fake.transfers.begin(message!.id);
  await transfers.refresh();
  return { fake, transfers, ended, id: message!.id };
}

describe('U70: files on their way', () => {
  test('are known by message and place, and it is said when one has ended', async () => {
    const { fake, transfers, ended, id } = await scene();
    fake.transfers.advance(2_000_000);
    await transfers.refresh();
    expect(transfers.of(id, 0)).toMatchObject({
      done_bytes: 2_000_000,
      bytes_per_second: 2_000_000,
    });
    expect(transfers.of(id, 1)).toBeUndefined();
    expect(ended).not.toHaveBeenCalled();
    fake.transfers.advance(6_000_000);
    await transfers.refresh();
    expect(transfers.of(id, 0)).toBeUndefined();
    expect(ended).toHaveBeenCalledOnce();
  });

  test('wait while paused, begin anew when they go on, and are gone when cancelled', async () => {
    const { fake, transfers, id } = await scene();
    fake.transfers.advance(1_000_000);
    await transfers.pause(id);
    expect(transfers.of(id, 0)?.state).toBe('paused');
    fake.transfers.advance(1_000_000);
    await transfers.resume(id);
    expect(transfers.of(id, 0)).toMatchObject({ state: 'running', done_bytes: 0 });
    await transfers.stop(transfers.of(id, 0)!);
    expect(transfers.of(id, 0)).toBeUndefined();
    expect(fake.calls).toContainEqual({
      type: 'files',
      action: 'cancel',
      account: ACCOUNT,
      message: id,
    });
  });

  test('what is fetched is stopped by its place, and its message stays', async () => {
    const { fake, transfers, id } = await scene();
    fake.transfers.change(id, { direction: 'down' });
    await transfers.refresh();
    await transfers.stop(transfers.of(id, 0)!);
    expect(fake.calls.at(-2)).toMatchObject({ action: 'stop-fetch', message: id, index: 0 });
  });

  test('a press that did nothing says why', async () => {
    const { fake, transfers, id } = await scene();
    fake.failNext('files', 'not-found');
    await transfers.pause(id);
    expect(transfers.problem?.code).toBe('not-found');
    await transfers.pause(id);
    expect(transfers.problem).toBeNull();
  });
});

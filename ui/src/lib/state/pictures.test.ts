import { expect, test, vi } from 'vitest';
import type { AvatarView } from '../rpc/generated/AvatarView';
import { Pictures } from './pictures.svelte';

const picture = (data: string): AvatarView => ({ hash: data, media_type: 'image/png', data });
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test('a picture is fetched once, and again when its hash is another one', async () => {
  const fetch = vi.fn(async () => picture('AA'));
  const pictures = new Pictures(fetch);
  pictures.want('a@v', 'h1');
  pictures.want('a@v', 'h1');
  await settled();
  pictures.want('a@v', 'h1');
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(pictures.of('a@v', 'h1')).toBe('data:image/png;base64,AA');
  pictures.want('a@v', 'h2');
  await settled();
  expect(fetch).toHaveBeenCalledTimes(2);
});

test('who has none is not asked for, and has none', () => {
  const fetch = vi.fn(async () => picture('AA'));
  const pictures = new Pictures(fetch);
  pictures.want('a@v', '');
  expect(fetch).not.toHaveBeenCalled();
  expect(pictures.of('a@v', '')).toBeUndefined();
});

test('only four are under way at a time, and a failure does not stop the rest', async () => {
  let running = 0;
  let most = 0;
  const pictures = new Pictures(async (address) => {
    running += 1;
    most = Math.max(most, running);
    await settled();
    running -= 1;
    if (address === '2@v') throw new Error('refused');
    return picture('AA');
  });
  for (let index = 0; index < 20; index += 1) pictures.want(`${index}@v`, 'h');
  await vi.waitFor(() => expect(pictures.of('19@v', 'h')).toBeDefined());
  expect(most).toBe(4);
  expect(pictures.of('2@v', 'h')).toBeUndefined();
});

test('what is no picture is never shown', async () => {
  const svg: AvatarView = { hash: 'h', media_type: 'image/svg+xml', data: 'AA' };
  const pictures = new Pictures(async () => svg);
  pictures.want('a@v', 'h');
  await settled();
  expect(pictures.of('a@v', 'h')).toBeUndefined();
});

test('what could not be fetched is asked for again when there is a connection; a no is kept', async () => {
  const fetch = vi.fn(async (address: string) => {
    if (address === 'none@v') return null;
    if (fetch.mock.calls.length <= 3) throw new Error('not-connected');
    return picture('AA');
  });
  const pictures = new Pictures(fetch);
  for (const address of ['a@v', 'none@v', 'b@v']) pictures.want(address, 'h1');
  await settled();
  expect(pictures.of('a@v', 'h1')).toBeUndefined();
  // Somebody has another picture by now.
  pictures.again();
  pictures.want('b@v', 'h2');
  await vi.waitFor(() => expect(pictures.of('b@v', 'h2')).toBeDefined());
  expect(pictures.of('a@v', 'h1')).toBe('data:image/png;base64,AA');
  pictures.again();
  pictures.want('none@v', 'h1');
  await settled();
  expect(fetch.mock.calls.filter(([address]) => address === 'none@v')).toHaveLength(1);
  expect(fetch.mock.calls.filter(([address]) => address === 'a@v')).toHaveLength(2);
});

test('what could not be fetched is asked for again when somebody looks again', async () => {
  const fetch = vi.fn(async () => picture('AA')).mockRejectedValueOnce(new Error('timed-out'));
  const pictures = new Pictures(fetch);
  pictures.want('a@v', 'h1');
  await settled();
  pictures.want('a@v', 'h1');
  await settled();
  expect(pictures.of('a@v', 'h1')).toBeDefined();
});

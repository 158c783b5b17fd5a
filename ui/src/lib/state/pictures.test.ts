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

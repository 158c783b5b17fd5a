import { expect, test } from 'vitest';
import { base64, encodeSquare, loadPicture, PICTURE_BYTES, squareOf } from './square';

test('the largest square stands in the middle', () => {
  expect(squareOf(400, 200, 1, 0, 0)).toEqual({ x: 100, y: 0, side: 200 });
  expect(squareOf(200, 400, 2, 0, 0)).toEqual({ x: 50, y: 150, side: 100 });
});

test('it moves to the edges and not beyond them', () => {
  expect(squareOf(400, 200, 1, -1, 1)).toEqual({ x: 0, y: 0, side: 200 });
  expect(squareOf(400, 200, 1, 5, 0)).toEqual({ x: 200, y: 0, side: 200 });
  expect(squareOf(400, 200, 0.2, 0, 0).side).toBe(200);
});

test('a file that is no picture, or far too large, is not opened', async () => {
  expect(await loadPicture(new Blob(['<svg/>'], { type: 'image/svg+xml' }))).toBeNull();
  expect(await loadPicture({ type: 'image/png', size: 40_000_000 } as Blob)).toBeNull();
});

test('the picture is made smaller until it fits', async () => {
  const sizes = [300_000, 200_000, 90_000];
  const asked: number[] = [];
  const canvas = {
    toBlob: (done: (blob: Blob) => void, _type: string, quality: number) => {
      asked.push(quality);
      const size = sizes.shift() ?? 0;
      const bytes = new Uint8Array(size);
      done({ size, arrayBuffer: async () => bytes.buffer } as Blob);
    },
  } as unknown as HTMLCanvasElement;
  const data = await encodeSquare(canvas);
  expect(asked).toHaveLength(3);
  expect(atob(data ?? '').length).toBe(90_000);
  expect(90_000).toBeLessThanOrEqual(PICTURE_BYTES);
});

test('bytes come back from base64 as they were', () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => index % 256);
  expect([...atob(base64(bytes))].map((letter) => letter.charCodeAt(0))).toEqual([...bytes]);
});

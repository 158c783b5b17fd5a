import { expect, test } from 'vitest';
import { fewer, wave } from './wave';

test('U56: samples are thinned by their mean, and never beyond the loudest', () => {
  const samples = Float32Array.of(0, 1, 1, 1, -1, -1, 2, 2, 0.5);
  expect([...fewer(samples, 2)]).toEqual([0x4000, 0x7fff, -0x7fff, 0x7fff]);
  expect([...fewer(samples, 9)]).toHaveLength(1);
});

test('U56: a sound without a codec is a file that any program plays', async () => {
  const sound = wave([Int16Array.of(1, -2), Int16Array.of(3)], 16_000);
  expect(sound.type).toBe('audio/wav');
  const bytes = new DataView(await sound.arrayBuffer());
  const text = (at: number) =>
    String.fromCharCode(...[0, 1, 2, 3].map((of) => bytes.getUint8(at + of)));
  expect(bytes.byteLength).toBe(50);
  expect([text(0), text(8), text(12), text(36)]).toEqual(['RIFF', 'WAVE', 'fmt ', 'data']);
  expect(bytes.getUint32(4, true)).toBe(42);
  expect(bytes.getUint32(24, true)).toBe(16_000);
  expect(bytes.getUint32(40, true)).toBe(6);
  expect([44, 46, 48].map((at) => bytes.getInt16(at, true))).toEqual([1, -2, 3]);
});

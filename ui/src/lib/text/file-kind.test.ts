import { describe, expect, test } from 'vitest';
import type { AttachmentView } from '../rpc/generated/AttachmentView';
import { fileKind, mayRun, pictureSize } from './file-kind';

const file = (change: Partial<AttachmentView>): AttachmentView => ({
  url: null,
  name: 'a',
  media_type: null,
  size_bytes: null,
  width: null,
  height: null,
  description: null,
  save_name: 'a',
  state: 'remote',
  ...change,
});

test.each([
  [{ media_type: 'image/PNG' }, 'picture'],
  [{ media_type: 'image/svg+xml', name: 'a.png' }, 'file'],
  [{ name: 'photo.JPG' }, 'picture'],
  [{ media_type: 'application/octet-stream', name: 'a.mp4' }, 'video'],
  [{ media_type: 'audio/ogg' }, 'audio'],
  [{ media_type: 'text/html', name: 'a.png' }, 'file'],
  [{ name: 'photo.jpg.exe' }, 'file'],
] as const)('%j is a %s', (change, kind) => {
  expect(fileKind(file(change))).toBe(kind);
});

describe('U73: what may start a program is known by its name', () => {
  test.each(['a.exe', 'A.MSI', 'x.pdf.lnk', 'run.sh ', 'a.exe.', 'b.docm'])('%j may', (name) => {
    expect(mayRun(name)).toBe(true);
  });
  test.each(['a.pdf', 'exe', 'a.exe.txt', '报告.docx'])('%j may not', (name) => {
    expect(mayRun(name)).toBe(false);
  });
});

test('U71: the place of a picture is known before it is here', () => {
  const size = (width: number | null, height: number | null) =>
    pictureSize(file({ width, height }));
  expect(size(3600, 1600)).toEqual({ width: 360, height: 160 });
  expect(size(100, 80)).toEqual({ width: 100, height: 80 });
  expect(size(400, 4000)).toEqual({ width: 48, height: 320 });
  expect(size(null, 10)).toEqual({ width: 240, height: 180 });
  expect(size(0, 0)).toEqual({ width: 240, height: 180 });
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { apiError } from '../errors/api-failure';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { DesktopRuntime } from './desktop';
import { DesktopFiles } from './desktop-files';
import { FakeDesktop } from './fake-desktop';

const ACCOUNT = 'account-1';
const SIZE = 9 * 1024 * 1024;

/** A desktop that has one file; `reads` is where it was read from. */
function oneFile(reads: number[]): DesktopRuntime {
  const fileRead: DesktopRuntime['fileRead'] = async (...place) => {
    const [offset, length] = place.slice(3) as [number, number];
    reads.push(offset);
    return new ArrayBuffer(Math.min(length, SIZE - offset));
  };
  const fileInfo = async () => ({ media_type: 'image/png', size: SIZE });
  return Object.assign(new FakeDesktop(() => undefined), { fileRead, fileInfo });
}

let blobs: Blob[] = [];

beforeEach(() => {
  blobs = [];
  const createObjectURL = (blob: Blob) => `blob:${blobs.push(blob)}`;
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL, revokeObjectURL: vi.fn() }));
});
afterEach(() => vi.unstubAllGlobals());

function scene(answer: (request: Request) => Response = () => ({ type: 'done' })) {
  const asked: Request[] = [];
  const reads: number[] = [];
  const files = new DesktopFiles(async (request) => {
    asked.push(request);
    return answer(request);
  }, oneFile(reads));
  return { asked, reads, files };
}

test('U71: a picture is read in parts and once, as what it is by its bytes', async () => {
  const { asked, reads, files } = scene();
  const addresses = [files.show(ACCOUNT, 7, 0), files.show(ACCOUNT, 7, 0)];
  expect(await Promise.all(addresses)).toEqual(['blob:1', 'blob:1']);
  expect(asked).toEqual([
    { type: 'files', action: 'fetch', account: ACCOUNT, message: 7, index: 0, automatic: true },
  ]);
  expect(reads).toHaveLength(3);
  expect([blobs[0]?.type, blobs[0]?.size]).toEqual(['image/png', SIZE]);
});

test('what is refused unasked comes when it is asked for', async () => {
  const { files } = scene((request) => {
    if (request.type === 'files' && request.action === 'fetch' && request.automatic) {
      throw apiError('not-allowed');
    }
    return { type: 'done' };
  });
  await expect(files.show(ACCOUNT, 7, 0)).rejects.toMatchObject({ code: 'not-allowed' });
  expect(await files.show(ACCOUNT, 7, 0, true)).toBe('blob:1');
});

test('U47: files are sent in their order, the caption with the first', async () => {
  const { asked, files } = scene(() => ({ type: 'message', value: 1 }));
  const file = { mediaType: '', bytes: new Blob(['x']), width: null, height: null };
  await files.send(
    ACCOUNT,
    'li@b',
    [
      { ...file, name: 'a' },
      { ...file, name: 'b' },
    ],
    'see',
    3,
  );
  const sent = asked.map((one) =>
    one.type === 'files' && one.action === 'send'
      ? [one.name, one.caption, one.reply_to, one.source]
      : [],
  );
  expect(sent).toEqual([
    ['a', 'see', 3, { from: 'staged', id: 1 }],
    ['b', '', null, { from: 'staged', id: 2 }],
  ]);
});

test('U77: a file is laid ready, and handed to the pointer if that still holds it', async () => {
  const desktop = new FakeDesktop(() => undefined);
  const files = new DesktopFiles(async () => ({ type: 'done' }), desktop);
  const button = new AbortController();
  await files.drag(ACCOUNT, 7, 1, button.signal);
  expect(desktop.dragged).toEqual(['ready 7-1', '7-1']);
  button.abort();
  await files.drag(ACCOUNT, 8, 0, button.signal);
  expect(desktop.dragged).toEqual(['ready 7-1', '7-1', 'ready 8-0']);
});

import { describe, expect, test, vi } from 'vitest';
import { arrowHead, rectOf } from '../pictures/marks';
import { Rpc } from '../rpc/client';
import { FakeRuntime } from '../runtime/fake';
import { copyPicture, Screenshot, Sheet } from './screenshot.svelte';

const drag = (sheet: Sheet, from: [number, number], to: [number, number]) => {
  sheet.begin({ x: from[0], y: from[1] });
  sheet.move({ x: to[0], y: to[1] });
  sheet.end();
};

describe('U54: what is drawn onto a picture of the screen', () => {
  test('each tool leaves its mark, and each step can be taken back and done again', () => {
    const sheet = new Sheet(1_000, 500);
    drag(sheet, [100, 50], [600, 450]);
    expect(sheet.region).toEqual({ x: 100, y: 50, width: 500, height: 400 });
    for (const tool of ['arrow', 'box', 'blur'] as const) {
      sheet.tool = tool;
      drag(sheet, [200, 100], [300, 200]);
    }
    sheet.tool = 'text';
    sheet.begin({ x: 10, y: 10 });
    expect(sheet.writing).toEqual({ x: 10, y: 10 });
    sheet.write('这里 here');
    expect(sheet.marks.map(({ kind }) => kind)).toEqual(['arrow', 'box', 'blur', 'text']);
    for (let step = 0; step < 4; step += 1) sheet.undo();
    expect(sheet.marks).toEqual([]);
    expect(sheet.region.width).toBe(500);
    sheet.undo();
    expect([sheet.region.width, sheet.canUndo]).toEqual([1_000, false]);
    for (let step = 0; step < 9; step += 1) sheet.redo();
    expect([sheet.marks.length, sheet.canRedo]).toEqual([4, false]);
    // What is drawn after going back replaces what came then.
    sheet.undo();
    sheet.tool = 'box';
    drag(sheet, [0, 0], [50, 50]);
    expect([sheet.marks.length, sheet.canRedo]).toEqual([4, false]);
    expect(sheet.marks.at(-1)?.kind).toBe('box');
  });

  test('a click draws nothing, an empty text neither, and nothing leaves the picture', () => {
    const sheet = new Sheet(100, 100);
    for (const tool of ['region', 'arrow', 'box', 'blur'] as const) {
      sheet.tool = tool;
      drag(sheet, [10, 10], [11, 11]);
    }
    sheet.tool = 'text';
    sheet.begin({ x: 5, y: 5 });
    sheet.write('  ');
    expect([sheet.marks.length, sheet.canUndo]).toEqual([0, false]);
    sheet.tool = 'region';
    drag(sheet, [90, 90], [-40, 400]);
    expect(sheet.region).toEqual({ x: 0, y: 90, width: 90, height: 10 });
  });

  test('what is being drawn can be given up, and undo takes that first', () => {
    const sheet = new Sheet(100, 100);
    sheet.tool = 'box';
    drag(sheet, [0, 0], [50, 50]);
    sheet.begin({ x: 10, y: 10 });
    sheet.move({ x: 90, y: 90 });
    expect(sheet.marks).toHaveLength(2);
    sheet.undo();
    expect(sheet.marks).toHaveLength(1);
    expect(sheet.stop()).toBe(false);
  });

  test('shapes are where they were drawn', () => {
    expect(rectOf({ x: 9.6, y: 4 }, { x: 2.2, y: 8.1 }, { width: 9, height: 9 })).toEqual({
      x: 2,
      y: 4,
      width: 7,
      height: 5,
    });
    const [tip, left, right] = arrowHead({ x: 0, y: 0 }, { x: 100, y: 0 }, 4);
    expect(tip).toEqual({ x: 100, y: 0 });
    expect(left.x).toBeCloseTo(right.x);
    expect(left.y).toBeCloseTo(-right.y);
    expect(left.x).toBeLessThan(100);
  });
});

describe('U54: taking it', () => {
  const png = new Blob(['png'], { type: 'image/png' });

  test('gives a picture, or nothing, or says that the system has to do it', async () => {
    const fake = new FakeRuntime();
    const screenshot = new Screenshot(new Rpc(fake));
    fake.desktop.screen = png;
    await screenshot.take();
    expect(screenshot.taken).toBe(png);
    screenshot.close();
    fake.desktop.screen = null;
    await screenshot.take();
    expect([screenshot.taken, screenshot.unable]).toEqual([null, false]);
    fake.desktop.screen = 'none';
    await screenshot.take();
    expect([screenshot.taken, screenshot.unable]).toEqual([null, true]);
    screenshot.dismiss();
    expect(screenshot.unable).toBe(false);
  });

  test('U72: copying goes through the desktop, and where that cannot, through the web view', async () => {
    const fake = new FakeRuntime();
    const rpc = new Rpc(fake);
    expect(await copyPicture(rpc, png)).toBe(true);
    expect(fake.desktop.copied).toEqual([png]);
    fake.desktop.canCopy = false;
    const write = vi.fn<(items: unknown[]) => Promise<void>>(async () => undefined);
    vi.stubGlobal('navigator', { clipboard: { write } });
    vi.stubGlobal(
      'ClipboardItem',
      class {
        constructor(readonly data: Record<string, Blob>) {}
      },
    );
    expect(await copyPicture(rpc, png)).toBe(true);
    expect(write.mock.calls[0]?.[0]).toEqual([{ data: { 'image/png': png } }]);
    write.mockRejectedValueOnce(new DOMException('no', 'NotAllowedError'));
    expect(await copyPicture(rpc, png)).toBe(false);
    vi.unstubAllGlobals();
  });
});

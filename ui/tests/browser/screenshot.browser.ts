import axe from 'axe-core';
import { expect, test, vi } from 'vitest';
import { picture } from '../../src/lib/runtime/fixtures-messages';
import { frames, openWindow, viewport, WANGWEI } from './stage';

/** On a busy machine a piece that comes late takes its time. */
const PATIENCE = { timeout: 15_000 };
const at = (testid: string) => document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
const until = (testid: string) =>
  vi.waitFor(() => {
    const found = at(testid);
    if (!found) throw new Error(testid);
    return found;
  }, PATIENCE);
const press = async (key: string, more: KeyboardEventInit = {}) => {
  document.activeElement!.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  );
  await frames(2);
};
const pixels = async (png: Blob) => {
  const bitmap = await createImageBitmap(png);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return { width: bitmap.width, height: bitmap.height, data };
};

const open = async () => {
  const stage = await openWindow((fake) => {
    fake.withTeam().withFiles();
    fake.desktop.screen = 'drawn';
  });
  at('screenshot-take')!.click();
  const editor = await until('screenshot');
  await vi.waitFor(() => expect(document.activeElement).toBe(at('screenshot-stage')), PATIENCE);
  return { ...stage, editor };
};

test('U54: with the keyboard alone a region is chosen, a part hidden, and the rest sent', async () => {
  const { editor, fake } = await open();
  const canvas = editor.querySelector('canvas')!;
  expect([canvas.width, canvas.height]).toEqual([1920, 1080]);
  // From the middle to the right and down.
  await press('Enter');
  for (let step = 0; step < 4; step += 1) await press('ArrowRight', { shiftKey: true });
  for (let step = 0; step < 3; step += 1) await press('ArrowDown', { shiftKey: true });
  await press('Enter');
  const region = editor.querySelector<HTMLElement>('.region')!;
  expect(region.offsetWidth).toBeGreaterThan(190);
  expect(region.offsetWidth).toBeLessThan(210);
  // An arrow back over it.
  await press('2');
  await press('Enter');
  for (let step = 0; step < 3; step += 1) await press('ArrowLeft', { shiftKey: true });
  await press('Enter');
  expect(at('screenshot-undo')).toBeEnabled();
  const faults = await axe.run(editor, { rules: { region: { enabled: false } } });
  expect(faults.violations.map(({ id }) => id)).toEqual([]);
  await press('Enter', { ctrlKey: true });
  // In the preview, as every file.
  await until('pending-files');
  expect(at('screenshot')).toBeNull();
  at('send-files')!.click();
  await vi.waitFor(() => {
    const sent = fake.talks.get(WANGWEI)!.messages.at(-1)!.attachments[0];
    expect(sent?.name).toMatch(/^Screenshot \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png$/);
  });
});

test('U54: a hidden part cannot be read any more, what is copied has the marks', async () => {
  const { editor, fake } = await open();
  const canvas = editor.querySelector('canvas')!;
  const { left, top, width } = canvas.getBoundingClientRect();
  const scale = width / 1920;
  const stage = at('screenshot-stage')!;
  stage.setPointerCapture = () => undefined;
  const drag = async (from: [number, number], to: [number, number]) => {
    const pointer = (type: string, [x, y]: [number, number]) =>
      stage.dispatchEvent(
        new PointerEvent(type, {
          bubbles: true,
          clientX: left + x * scale,
          clientY: top + y * scale,
        }),
      );
    pointer('pointerdown', from);
    pointer('pointermove', to);
    pointer('pointerup', to);
    await frames(2);
  };
  // The lines of text in the left window.
  const part = () =>
    canvas
      .getContext('2d')!
      .getImageData(220, 200, 420, 112)
      .data.filter((_, i) => i % 4 === 0);
  const colours = () => new Set(part()).size;
  const before = colours();
  await press('5');
  await drag([210, 196], [644, 322]);
  // One colour for each square: 31 by 9 of them.
  expect(colours()).toBeLessThan(before);
  const row = canvas.getContext('2d')!.getImageData(224, 230, 10, 1).data;
  for (let x = 4; x < row.length; x += 4) expect(row[x]).toBe(row[0]);
  await press('3');
  await drag([700, 300], [900, 500]);
  at('screenshot-copy')!.click();
  await vi.waitFor(() => expect(fake.desktop.copied).toHaveLength(1), PATIENCE);
  const copy = await pixels(fake.desktop.copied[0]!);
  expect([copy.width, copy.height]).toEqual([1920, 1080]);
  const red = (400 * 1920 + 700) * 4;
  expect([...copy.data.slice(red, red + 3)]).toEqual([229, 50, 45]);
  // Text, where one clicks.
  await press('4');
  await drag([300, 900], [300, 900]);
  const field = await until('screenshot-field');
  await vi.waitFor(() => expect(document.activeElement).toBe(field));
  (field as HTMLTextAreaElement).value = '这里';
  await press('Enter');
  expect(at('screenshot-field')).toBeNull();
  await press('z', { ctrlKey: true });
  await press('z', { ctrlKey: true });
  await press('z', { ctrlKey: true });
  expect(at('screenshot-undo')).toBeDisabled();
  expect(colours()).toBe(before);
  await press('Escape');
  expect(at('screenshot')).toBeNull();
});

test('U54: where the window cannot, the keys of the system are said', async () => {
  const { fake } = await openWindow((fake) => fake.withTeam().withFiles());
  fake.desktop.screen = 'none';
  at('screenshot-take')!.click();
  expect(await until('screenshot-unable')).toHaveTextContent('PrtSc');
});

test('U72: the viewer copies its picture, and nothing of the timeline shows through', async () => {
  const { fake, timeline } = await openWindow((fake) => {
    fake.withTeam().withFiles();
    fake.fill(WANGWEI, [
      {
        direction: 'incoming',
        text: '',
        ago: 1,
        more: { kind: 'file', attachments: [picture('a.png', 600, 400)] },
      },
    ]);
  });
  (await until('message-picture')).querySelector('button')!.click();
  await vi.waitFor(() => expect(at('viewer-copy')).toBeEnabled(), PATIENCE);
  expect(getComputedStyle(viewport()).visibility).toBe('hidden');
  // It is fetched once, and stays.
  const shown = at('viewer')!.querySelector('.stage img');
  await frames(10);
  expect(at('viewer')!.querySelector('.stage img')).toBe(shown);
  await press('c', { ctrlKey: true });
  await vi.waitFor(() => expect(fake.desktop.copied).toHaveLength(1), PATIENCE);
  expect(fake.desktop.copied[0]!.type).toBe('image/png');
  expect((await pixels(fake.desktop.copied[0]!)).width).toBe(600);
  await vi.waitFor(() => expect(at('viewer-said')).toHaveTextContent('Copied'));
  // What comes in meanwhile changes nothing of what is looked at.
  at('viewer-actual')!.click();
  fake.receive(WANGWEI, 'Hello?');
  await vi.waitFor(() => expect(timeline.messages.at(-1)?.text).toBe('Hello?'));
  await frames();
  expect(at('viewer-said')).toHaveTextContent('Copied');
  at('viewer-close')!.click();
  await frames();
  expect(getComputedStyle(viewport()).visibility).toBe('visible');
});

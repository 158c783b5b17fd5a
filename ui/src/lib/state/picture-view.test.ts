import { describe, expect, test } from 'vitest';
import { PictureView } from './picture-view.svelte';

const stage = { width: 800, height: 600 };

function open(width = 1600, height = 600) {
  const view = new PictureView();
  view.show({ width, height }, stage);
  return view;
}

/** Which point of the picture is under a point of the stage, in its own pixels. */
const under = (view: PictureView, x: number, y: number) => [
  (x - view.x) / view.scale,
  (y - view.y) / view.scale,
];

describe('U72: a picture', () => {
  test('fits, and is never blown up by that', () => {
    expect(open().scale).toBe(0.5);
    expect(open(100, 100).scale).toBe(1);
  });

  test('is zoomed at the pointer', () => {
    const view = open(4000, 3000);
    const before = under(view, 200, 100);
    for (let step = 0; step < 4; step += 1) {
      view.zoom(1, 200, 100);
      const [x, y] = under(view, 200, 100);
      expect(x).toBeCloseTo(before[0]!, 6);
      expect(y).toBeCloseTo(before[1]!, 6);
    }
    for (let step = 0; step < 100; step += 1) view.zoom(1);
    expect(view.scale).toBe(16);
    for (let step = 0; step < 100; step += 1) view.zoom(-1);
    expect(view.scale).toBe(0.05);
  });

  test('is dragged as far as it reaches beyond the stage', () => {
    const view = open();
    view.drag(500, 500);
    expect([view.x, view.y]).toEqual([0, 0]);
    view.actual();
    view.drag(500, 500);
    expect([view.x, view.y]).toEqual([400, 0]);
  });

  test('turns, and fits again', () => {
    const view = open();
    view.rotate();
    expect(view.scale).toBe(600 / 1600);
    view.rotate();
    view.rotate();
    view.rotate();
    expect([view.turns, view.scale]).toEqual([0, 0.5]);
  });

  test('fits again when the window changes, unless it was zoomed', () => {
    const view = open();
    view.show({ width: 1600, height: 600 }, { width: 400, height: 600 });
    expect(view.scale).toBe(0.25);
    view.actual();
    view.show({ width: 1600, height: 600 }, stage);
    expect(view.scale).toBe(1);
    view.reset();
    expect([view.scale, view.fits]).toEqual([0.5, true]);
  });
});

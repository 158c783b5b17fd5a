import { expect, test } from 'vitest';
import { nextZoom, readView, USUAL_VIEW } from './view-settings';

test.each([undefined, null, 7, 'x', [], { zoom: 1000, density: 'x', sideWidth: 'wide' }])(
  'U01: what was kept and makes no sense is as usual: %j',
  (value) => {
    expect(readView(value)).toEqual(USUAL_VIEW);
  },
);

test('U01: a width from another time stays within the limits', () => {
  expect(readView({ sideWidth: 5000 }).sideWidth).toBe(420);
  expect(readView({ sideWidth: 10 }).sideWidth).toBe(220);
});

test('U10: sizes go from 80 to 150 %, and stay there', () => {
  expect(nextZoom(100, 1)).toBe(110);
  expect(nextZoom(150, 1)).toBe(150);
  expect(nextZoom(80, -1)).toBe(80);
});

test('U10: the name of a font cannot say more than a name', () => {
  expect(readView({ font: "Noto Serif'; } * { display: none" }).font).toBe(
    'Noto Serif    display none',
  );
  expect(readView({ font: '思源黑体' }).font).toBe('思源黑体');
});

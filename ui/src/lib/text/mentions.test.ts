import { expect, test } from 'vitest';
import { namedIn } from './mentions';

const people = ['Li', 'Anna', 'Anna Berg', '王伟', ''].map((name) => ({
  name,
  address: `${name}@v`,
}));

test.each([
  ['@Li hi', ['Li']],
  ['hi @Li.', ['Li']],
  ['@Linda and @Lily', []],
  ['mail to li@Li', []],
  ['@王伟你好', ['王伟']],
  ['（@王伟）', ['王伟']],
  ['@Anna Berg', ['Anna', 'Anna Berg']],
  ['nobody @ all', []],
])('U49: whom %j names', (text, names) => {
  expect(namedIn(text, people).map(({ name }) => name)).toEqual(names);
});

test('U49: of two people of one name none is taken for the other', () => {
  const two = [
    { name: '张伟', address: 'a@v' },
    { name: '张伟', address: 'b@v' },
  ];
  expect(namedIn('@张伟 在吗', two)).toEqual([]);
});

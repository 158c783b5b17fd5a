import { beforeAll, describe, expect, test } from 'vitest';
import { loadPinyin, matchName } from './pinyin';

const names = ['王伟', '张伟', 'Anna Kowalski', '欧阳雪', 'Tomás Rivera', '吕倩', '李娜 Lina'];
const found = (typed: string) => names.filter((name) => matchName(name, typed) !== null);

test('before the dictionary is there, names are found as they are written', () => {
  expect(found('伟')).toEqual(['王伟', '张伟']);
  expect(found('anna')).toEqual(['Anna Kowalski']);
});

describe('U49 U94: names are found', () => {
  beforeAll(() => loadPinyin());

  test.each([
    ['张', ['张伟']],
    ['zhangwei', ['张伟']],
    ['zhangw', ['张伟']],
    ['zw', ['张伟']],
    ['zhang wei', ['张伟']],
    ['wei', ['王伟', '张伟']],
    ['oyx', ['欧阳雪']],
    ['kow', ['Anna Kowalski']],
    ['tomas', ['Tomás Rivera']],
    ['lvq', ['吕倩']],
    ['lin', ['李娜 Lina']],
    ['xyz', []],
    ['', names],
  ])('by %j', (typed, expected) => {
    expect(found(typed)).toEqual(expected);
  });

  test('and the better ones come first', () => {
    const rank = (name: string, typed: string) => matchName(name, typed)?.rank ?? 99;
    expect(rank('Wei', 'wei')).toBeLessThan(rank('Weiss', 'wei'));
    expect(rank('Weiss', 'wei')).toBeLessThan(rank('Li Wei', 'wei'));
    expect(rank('Li Wei', 'wei')).toBeLessThan(rank('韦一', 'wei'));
    expect(rank('韦一', 'wei')).toBeLessThan(rank('张伟', 'wei'));
  });

  test('with the parts that were found', () => {
    expect(matchName('张伟', 'zw')?.ranges).toEqual([{ start: 0, end: 2 }]);
    expect(matchName('Anna Kowalski', 'kow')?.ranges).toEqual([{ start: 5, end: 8 }]);
    expect(matchName('Tomás Rivera', 'tomas')?.ranges).toEqual([{ start: 0, end: 5 }]);
  });
});

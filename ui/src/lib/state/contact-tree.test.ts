import { expect, test } from 'vitest';
import { nobody } from '../runtime/fixtures';
import { contactTree, parentRow, type TreeRow, treeRows } from './contact-tree';

const person = (name: string, ...departments: string[][]) => ({
  ...nobody,
  name,
  address: `${name}@valley.local`,
  departments,
});

const shown = (rows: readonly TreeRow[]) =>
  rows.map((row) =>
    row.kind === 'department'
      ? `${'  '.repeat(row.department.depth)}${row.department.name}`
      : `${'  '.repeat(row.depth)}- ${row.contact.name}`,
  );

const everything = () => true;

test('U95: departments are a tree, people below them, by pinyin', () => {
  const tree = contactTree(
    [
      person('张伟', ['研发部', '平台组']),
      person('李静', ['研发部']),
      person('陈杰', ['研发部']),
      person('Anna'),
      person('周敏', ['财务部']),
    ],
    'zh-CN',
  );
  expect(shown(treeRows(tree, everything, 'zh-CN'))).toEqual([
    '财务部',
    '  - 周敏',
    '研发部',
    '  平台组',
    '    - 张伟',
    '  - 陈杰',
    '  - 李静',
    '- Anna',
  ]);
});

test('U95: what is closed is not there, and a department counts who is below it once', () => {
  const both = { ...person('Li', ['A', 'x'], ['A', 'y']), presence: 'online' as const };
  const tree = contactTree([both, person('Bo', ['A'])], 'en');
  expect(shown(treeRows(tree, () => false, 'en'))).toEqual(['A']);
  expect(tree.departments[0]).toMatchObject({ count: 2, online: 1 });
  const rows = treeRows(tree, everything, 'zh-CN');
  expect(shown(rows)).toEqual(['A', '  x', '    - Li', '  y', '    - Li', '  - Bo']);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});

test('U112: a line says which of how many it is in its department', () => {
  const tree = contactTree([person('Li', ['A', 'x']), person('Bo', ['A']), person('Ed')], 'en');
  const places = treeRows(tree, everything, 'en').map(({ place, of }) => `${place}/${of}`);
  expect(places).toEqual(['1/2', '1/2', '1/1', '2/2', '2/2']);
});

test('U95: departments of the same name in two places are two', () => {
  const tree = contactTree([person('a', ['N', 'One']), person('b', ['S', 'One'])], 'en');
  const ids = treeRows(tree, everything, 'zh-CN').map(({ id }) => id);
  expect(new Set(ids).size).toBe(6);
});

test('the row above which one goes to with the left arrow', () => {
  const rows = treeRows(
    contactTree([person('a', ['N', 'One']), person('b', ['N'])], 'en'),
    everything,
    'en',
  );
  expect(shown(rows)).toEqual(['N', '  One', '    - a', '  - b']);
  expect(rows.map((_, index) => parentRow(rows, index))).toEqual([-1, 0, 1, 0]);
});

test('U95: 50,000 people: only what is open is put in order and shown', () => {
  const everybody = Array.from({ length: 50_000 }, (_, index) =>
    person(`person ${index}`, [
      `Division ${index % 10}`,
      `Department ${index % 100}`,
      `Team ${index % 1_000}`,
    ]),
  );
  const begin = performance.now();
  const tree = contactTree(everybody, 'en');
  const closed = treeRows(tree, () => false, 'en');
  expect(closed.map(({ id }) => id)).toHaveLength(10);
  const open = new Set(closed.slice(0, 1).map(({ id }) => id));
  const rows = treeRows(tree, (id) => open.has(id), 'en');
  expect(rows).toHaveLength(20);
  // A level more is there at once, though all of it was built on one thread.
  expect(performance.now() - begin).toBeLessThan(3_000);
  open.add(rows[1]!.id);
  const level = performance.now();
  expect(treeRows(tree, (id) => open.has(id), 'en')).toHaveLength(30);
  expect(performance.now() - level).toBeLessThan(50);
  expect(tree.count).toBe(50_000);
});

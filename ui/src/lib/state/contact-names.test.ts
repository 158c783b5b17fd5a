import { expect, test } from 'vitest';
import { distinctions, normalAddress, roomWord, userName } from './contact-names';

const person = (name: string, user: string, ...departments: string[][]) => ({
  name,
  address: `${user}@valley.local`,
  departments,
});

const notes = (...people: ReturnType<typeof person>[]) =>
  Object.fromEntries([...distinctions(people)].map(([address, note]) => [userName(address), note]));

test('the address of a room is read if a person has chosen it', () => {
  expect(roomWord('design@rooms.valley.local')).toBe('design');
  expect(roomWord('project-plan-2026@rooms.valley.local')).toBe('project-plan-2026');
  expect(roomWord('q3x_w9a1-zk7m2bb0d4e@rooms.valley.local')).toBe('');
  expect(roomWord('0b6f1c2e-93d4-4c1a-8a55-0f6a1f1d2c3b@rooms.valley.local')).toBe('');
});

test('U96: who has a name of their own needs nothing beside it', () => {
  expect(notes(person('王伟', 'a', ['设计部']), person('张伟', 'b', ['设计部']))).toEqual({});
});

test('U96: same names are told apart by the department', () => {
  expect(
    notes(
      person('张伟', 'a', ['研发部', '平台组']),
      person('张伟', 'b', ['市场部']),
      person('周敏', 'c', ['市场部']),
    ),
  ).toEqual({ a: '平台组', b: '市场部' });
});

test('U96: groups of the same name are told apart by what is above them', () => {
  expect(
    notes(person('张伟', 'a', ['研发部', '一组']), person('张伟', 'b', ['市场部', '一组'])),
  ).toEqual({ a: '研发部 / 一组', b: '市场部 / 一组' });
});

test('U96: in one department, or without one, the user name tells them apart', () => {
  expect(
    notes(
      person('Anna', 'anna.k', ['Legal']),
      person('anna ', 'anna.m', ['Legal']),
      person('Anna', 'anna.p'),
    ),
  ).toEqual({ 'anna.k': 'Legal · anna.k', 'anna.m': 'Legal · anna.m', 'anna.p': 'anna.p' });
});

test('an address is one, however it is typed', () => {
  expect(normalAddress(' Anna@Host.Example ')).toBe('anna@host.example');
  expect(normalAddress('Ａnna＠host')).toBe('anna@host');
  expect(normalAddress('  ')).toBe('');
});

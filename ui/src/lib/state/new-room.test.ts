import { beforeEach, expect, test } from 'vitest';
import { i18n } from '../i18n/i18n.svelte';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { NewRoom, suggestedName } from './new-room.svelte';

let fake: FakeRuntime;
let form: NewRoom;

beforeEach(() => {
  fake = new FakeRuntime().withTeam();
  form = new NewRoom(new Rpc(fake), ACCOUNT, '李娜');
});

const made = () => [...fake.rooms.rooms.values()].at(-1)!;

test('U98: the name is offered from the members, until one is typed', () => {
  form.toggle(fake.contacts[0]!);
  form.next();
  expect(form.name).toBe('李娜, 王伟');
  form.back();
  form.toggle(fake.contacts[1]!);
  form.next();
  expect(form.name).toBe('李娜, 王伟, Anna Kowalski');
  form.name = 'Launch';
  form.back();
  form.toggle(fake.contacts[1]!);
  form.next();
  expect(form.name).toBe('Launch');
});

test('U98: with many members the name says how many', () => {
  i18n.locale = 'zh-CN';
  expect(suggestedName('李娜', [{ name: '王伟' }, { name: '周敏' }])).toBe('李娜、王伟、周敏');
  const five = ['王伟', '周敏', '陈思远', '欧阳雪'].map((name) => ({ name }));
  expect(suggestedName('李娜', five)).toBe('李娜、王伟、周敏等 5 人');
});

test('U98: a room is made without an address, private, and everybody is invited', async () => {
  form.toggle(fake.contacts[0]!);
  form.next();
  const address = await form.create();
  expect(address).toBe(made().address);
  expect(made().settings).toMatchObject({ members_only: true, public: false, persistent: true });
  expect(made().affiliations.get('wangwei@valley.local')).toBe('member');
  expect(fake.calls).toContainEqual(
    expect.objectContaining({ type: 'rooms', action: 'create', address: null }),
  );
});

test('U102: who joins later reads what was written before, unless that is not wanted', async () => {
  form.next();
  form.name = 'Launch';
  await form.create();
  expect(made().settings.archive).toBe(true);
  const other = new NewRoom(new Rpc(fake), ACCOUNT, '李娜');
  other.history = false;
  other.isPublic = true;
  other.next();
  expect(other.canCreate).toBe(false);
  other.name = 'Lunch';
  await other.create();
  expect(made().settings).toMatchObject({ archive: false, public: true, members_only: false });
});

/** The first invitation fails. */
function failInvitation(): void {
  const answer = fake.rooms.answer.bind(fake.rooms);
  let failed = false;
  fake.rooms.answer = (request) => {
    if (request.action === 'invite' && !failed) {
      failed = true;
      throw { code: 'timed-out', values: {}, detail: '' };
    }
    return answer(request);
  };
}

test('a second try after a failed invitation makes no second room', async () => {
  form.toggle(fake.contacts[0]!);
  form.next();
  const before = fake.rooms.rooms.size;
  failInvitation();
  expect(await form.create()).toBeNull();
  expect(form.attempt.problem?.code).toBe('timed-out');
  expect(await form.create()).toBe(made().address);
  expect(fake.rooms.rooms.size).toBe(before + 1);
  expect(fake.calls).not.toContainEqual(expect.objectContaining({ action: 'configure' }));
});

test('what was changed before the second try is said to the room, before anybody is invited', async () => {
  form.toggle(fake.contacts[0]!);
  form.next();
  failInvitation();
  expect(await form.create()).toBeNull();
  form.name = 'Launch';
  form.isPublic = true;
  form.history = false;
  expect(await form.create()).toBe(made().address);
  expect(made().settings).toMatchObject({
    name: 'Launch',
    public: true,
    members_only: false,
    archive: false,
    persistent: true,
  });
  const actions = fake.calls.flatMap((call) => (call.type === 'rooms' ? [call.action] : []));
  expect(actions).toEqual(['create', 'invite', 'configure', 'invite']);
});

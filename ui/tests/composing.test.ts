import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Affiliation } from '../src/lib/rpc/generated/Affiliation';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { loadPinyin } from '../src/lib/text/pinyin';
import { problems } from './accessible';
import { openWindow, WANGWEI } from './window';

beforeAll(() => loadPinyin());

const open = async (prepare: (fake: FakeRuntime) => void = () => undefined) => {
  const stage = await openWindow((fake) => {
    fake.withTeam().withFiles();
    prepare(fake);
  });
  const field = await screen.findByTestId<HTMLTextAreaElement>('composer');
  return { ...stage, field };
};

/** The window with a room of so many people open. */
const inRoom = async (people: number) => {
  let address = '';
  const stage = await open((fake) => {
    const affiliations: Record<string, Affiliation> = { [fake.me]: 'owner' };
    for (let index = 1; index < people; index += 1) {
      affiliations[`person${index}@valley.local`] = 'member';
    }
    address = fake.rooms.add('All hands', affiliations).address;
  });
  await stage.app.session?.go(address);
  const field = await screen.findByTestId<HTMLTextAreaElement>('composer');
  const sent = () => stage.fake.talks.get(address)!.messages;
  return { ...stage, field, address, sent };
};

describe('U50: everyone', () => {
  test('in a large room is asked about before anything is sent', async () => {
    const { user, field, sent, address, app } = await inRoom(60);
    await user.type(field, '@all');
    const option = await screen.findByRole('option', { name: /everyone/ });
    await waitFor(() => expect(option).toHaveTextContent('60 people'));
    await user.keyboard('{Enter}');
    expect(field).toHaveValue('@everyone ');
    await user.type(field, 'lunch{Enter}');
    const dialog = await screen.findByRole('dialog', { name: 'Notify everyone?' });
    expect(dialog).toHaveTextContent('All 60 people');
    expect(await problems(dialog)).toEqual([]);
    expect(sent()).toEqual([]);
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    expect(field).toHaveValue('@everyone lunch');
    await user.type(field, '{Enter}');
    await user.click(await screen.findByTestId('everyone-send'));
    await waitFor(() => expect(sent()).toHaveLength(1));
    expect(sent()[0]!.mentions).toEqual([{ start: 0, end: 9, address, me: false }]);
    expect(app.session?.composer?.text).toBe('');
  });

  test('in a small room is not, and “@a” is somebody rather than everybody', async () => {
    const { user, field, sent } = await inRoom(12);
    await user.type(field, '@person1');
    await waitFor(() => expect(screen.getAllByRole('option').length).toBeGreaterThan(0));
    expect(screen.queryByRole('option', { name: /everyone/ })).toBeNull();
    await user.clear(field);
    await user.type(field, '@e');
    await waitFor(() => expect(screen.getAllByRole('option').at(-1)).toHaveTextContent('everyone'));
    await user.clear(field);
    await user.type(field, '@everyone{Enter}hello{Enter}');
    await waitFor(() => expect(sent()).toHaveLength(1));
    expect(screen.queryByRole('dialog')).toBeNull();
  });
});

test('U50: everyone in a draft is asked about after a restart, too', async () => {
  let address = '';
  const { app, user } = await open((fake) => {
    const affiliations: Record<string, Affiliation> = { [fake.me]: 'owner' };
    for (let index = 1; index < 60; index += 1) {
      affiliations[`person${index}@valley.local`] = 'member';
    }
    address = fake.rooms.add('All hands', affiliations).address;
    fake.talks.get(address)!.draft = '@everyone lunch';
  });
  await app.session?.go(address);
  await waitFor(() => expect(screen.getByTestId('composer')).toHaveValue('@everyone lunch'));
  await user.click(screen.getByTestId('send'));
  expect(await screen.findByRole('dialog')).toHaveTextContent('All 60 people');
});

test('U50: everyone may be for those who lead the room', async () => {
  const { user, field, fake, address } = await inRoom(12);
  const room = fake.rooms.rooms.get(address)!;
  room.settings.limit_everyone = true;
  const changed = () => fake.emit({ type: 'room-changed', account: fake.account, room: address });
  changed();
  await user.type(field, '@all');
  expect(await screen.findByRole('option', { name: /everyone/ })).toBeVisible();
  room.affiliations.set(fake.me, 'member');
  room.there.set(fake.me, 'participant');
  changed();
  await waitFor(() => expect(screen.queryByRole('option', { name: /everyone/ })).toBeNull());
});

test('U52: a text that is too long is offered as a file, and nothing of it is cut', async () => {
  const { user, field, app } = await open();
  await fireEvent.input(field, { target: { value: '汉'.repeat(21_800) } });
  expect(await screen.findByTestId('composer-left')).toHaveTextContent(/^Almost too long$/);
  const text = '汉字'.repeat(11_000);
  await fireEvent.input(field, { target: { value: text } });
  await waitFor(() =>
    expect(screen.getByTestId('composer-left')).toHaveTextContent(/^Too long to send$/),
  );
  expect(screen.getByTestId('send')).toBeDisabled();
  await user.click(screen.getByRole('button', { name: 'Send as a file' }));
  const files = app.session!.composer!.files;
  expect(files.pending.map(({ name, mediaType }) => [name, mediaType])).toEqual([
    ['message.txt', 'text/plain'],
  ]);
  // As the disk has it.
  expect(files.pending[0]!.bytes.size).toBe(new TextEncoder().encode(text).length);
  // Whoever thinks better of it has the text still.
  await user.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(field).toHaveValue(text);
  await user.click(screen.getByRole('button', { name: 'Send as a file' }));
  await user.click(await screen.findByTestId('send-files'));
  await waitFor(() => expect(screen.queryByTestId('pending-files')).toBeNull());
  expect(field).toHaveValue('');
  // What is being changed is a message, and stays one.
  app.session!.composer!.edit(app.session!.timeline!.lastOwn!);
  app.session!.composer!.input(text);
  expect(await screen.findByTestId('composer-left')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Send as a file' })).toBeNull();
});

describe('U43: a composition that the focus leaves', () => {
  const compose = async (field: HTMLTextAreaElement, text: string) => {
    field.focus();
    await fireEvent.compositionStart(field);
    await fireEvent.input(field, { target: { value: text }, isComposing: true });
  };

  test('keeps what was committed, also where its end is never told', async () => {
    const { user, field, fake } = await open();
    await compose(field, '你好');
    // The web view commits on its own, and says nothing.
    field.value = '你好世界';
    await fireEvent.blur(field);
    await waitFor(() => expect(fake.talks.get(WANGWEI)!.draft).toBe('你好世界'));
    expect(field).toHaveValue('你好世界');
    // And the next Enter sends.
    field.focus();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(fake.talks.get(WANGWEI)!.messages.at(-1)!.text).toBe('你好世界'));
  });

  test('is there again after another conversation was looked at', async () => {
    const { field, app } = await open();
    await compose(field, 'ni hao');
    await app.session!.move(1);
    await waitFor(() => expect(screen.getByTestId('composer')).not.toBe(field));
    await app.session!.move(-1);
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveValue('ni hao'));
  });
});

test('U101: two people of the same name can both have read a message', async () => {
  const { user, field, fake, address, sent } = await inRoom(5);
  await user.type(field, 'Done?{Enter}');
  await waitFor(() => expect(sent()).toHaveLength(1));
  fake.deliveries = [
    { name: '张伟', address: null, delivered_ms: 1, read_ms: 2 },
    { name: '张伟', address: null, delivered_ms: 1, read_ms: 3 },
    { name: '王芳', address: null, delivered_ms: 1, read_ms: null },
    { name: '王芳', address: null, delivered_ms: 1, read_ms: null },
  ];
  fake.setDelivery(fake.talks.get(address)!.messages[0]!.id, { state: 'read' });
  await fireEvent.contextMenu(await screen.findByText('Done?'), { clientX: 10, clientY: 10 });
  await fireEvent.click(screen.getByTestId('menu-details'));
  const details = await screen.findByRole('dialog');
  expect(within(details).getAllByText('张伟')).toHaveLength(2);
  expect(within(details).getAllByText('王芳')).toHaveLength(2);
});

test('U101: whoever reads under another nickname is the same person', async () => {
  const { user, field, fake, address, sent } = await inRoom(4);
  await user.type(field, 'Done?{Enter}');
  await waitFor(() => expect(sent()).toHaveLength(1));
  fake.deliveries = [
    { name: 'Deuce', address: 'person2@valley.local', delivered_ms: 1, read_ms: 2 },
    // Somebody else took the name of one who has not.
    { name: 'person3', address: 'guest@elsewhere.example', delivered_ms: 1, read_ms: 3 },
  ];
  fake.setDelivery(fake.talks.get(address)!.messages[0]!.id, { state: 'read' });
  await fireEvent.contextMenu(await screen.findByText('Done?'), { clientX: 10, clientY: 10 });
  await fireEvent.click(screen.getByTestId('menu-details'));
  const details = await screen.findByRole('dialog');
  expect(within(details).getByText('person2')).toBeVisible();
  expect(within(details).queryByText('Deuce')).toBeNull();
  const unread = within(within(details).getByTestId('unread-by'));
  expect(unread.getAllByRole('listitem').map(({ textContent }) => textContent)).toEqual([
    'person1',
    'person3',
  ]);
});

test('U44: an answer that was begun does not draw the keyboard to it when one comes back', async () => {
  const { app, fake } = await open();
  const composer = app.session!.composer!;
  composer.answer(fake.talks.get(WANGWEI)!.messages[0]!);
  await waitFor(() => expect(screen.getByTestId('composer')).toHaveFocus());
  await app.session!.move(1);
  await waitFor(() => expect(screen.queryByTestId('reply-bar')).toBeNull());
  const row = document.querySelector<HTMLElement>(`[data-conversation="${WANGWEI}"]`)!;
  row.focus();
  await app.session!.move(-1);
  expect(await screen.findByTestId('reply-bar')).toBeVisible();
  await tick();
  await tick();
  expect(row).toHaveFocus();
});

test('U101: in a room those who have read a message and those who have not are told', async () => {
  const { user, field, fake, address, sent } = await inRoom(5);
  await user.type(field, 'Done?{Enter}');
  await waitFor(() => expect(sent()).toHaveLength(1));
  fake.deliveries = [{ name: 'person2', address: null, delivered_ms: 1, read_ms: 2 }];
  fake.setDelivery(fake.talks.get(address)!.messages[0]!.id, { state: 'read' });
  const message = await screen.findByText('Done?');
  await fireEvent.contextMenu(message, { clientX: 10, clientY: 10 });
  await fireEvent.click(screen.getByTestId('menu-details'));
  const details = await screen.findByRole('dialog');
  expect(within(details).getByText('person2')).toBeVisible();
  const unread = within(within(details).getByTestId('unread-by'));
  expect(unread.getAllByRole('listitem').map(({ textContent }) => textContent)).toEqual([
    'person1',
    'person3',
    'person4',
  ]);
  expect(await problems(details)).toEqual([]);

  // They are reminded once, and only after a question.
  await user.click(within(details).getByTestId('nudge'));
  expect(details).toHaveTextContent('3 people will be mentioned');
  expect(sent()).toHaveLength(1);
  await user.click(within(details).getByTestId('nudge-send'));
  expect(await within(details).findByTestId('nudged')).toBeVisible();
  const reminder = sent().at(-1)!;
  expect(reminder.text).toBe('@person1 @person3 @person4 please have a look at this');
  expect(reminder.reply?.message).toBe(sent()[0]!.id);
  expect(reminder.mentions.map(({ address, start, end }) => [address, start, end])).toEqual([
    ['person1@valley.local', 0, 8],
    ['person3@valley.local', 9, 17],
    ['person4@valley.local', 18, 26],
  ]);
  await user.click(within(details).getByTestId('details-close'));
  await fireEvent.contextMenu(message, { clientX: 10, clientY: 10 });
  await fireEvent.click(screen.getByTestId('menu-details'));
  const again = await screen.findByRole('dialog');
  expect(within(again).getByTestId('nudged')).toBeVisible();
  expect(within(again).queryByTestId('nudge')).toBeNull();
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { problems } from './accessible';
import { ANNA, openWindow, TOMAS } from './window';

const open = async () => {
  let address = '';
  const stage = await openWindow((fake) => {
    fake.withTeam();
    const room = fake.rooms.add('Website', { [fake.me]: 'owner', [TOMAS]: 'member' });
    room.subject = 'Freeze on Friday: https://example.org/plan';
    address = room.address;
  });
  await stage.app.session?.go(address);
  const say = async (subject: string) => {
    stage.fake.rooms.say(stage.fake.rooms.rooms.get(address)!, subject);
    stage.fake.emit({ type: 'room-changed', account: stage.fake.account, room: address });
  };
  const room = () => stage.fake.rooms.rooms.get(address)!;
  return { ...stage, address, say, room };
};

test('U100: what a room says stands on top until it is closed, and comes back when it changes', async () => {
  const { user, app, say, address, room, fake } = await open();
  const notice = await screen.findByRole('note', { name: 'Notice of this room' });
  expect(notice).toHaveTextContent('Freeze on Friday');
  expect(await problems(notice)).toEqual([]);
  await user.click(screen.getByTestId('room-notice-close'));
  await waitFor(() => expect(screen.queryByTestId('room-notice')).toBeNull());
  expect(room().closed.has(fake.me)).toBe(true);
  // Also when one comes again.
  await app.session!.move(1);
  await app.session!.go(address);
  await waitFor(() => expect(app.session?.composer?.here.room?.subject).toMatch(/^Freeze/));
  expect(screen.queryByTestId('room-notice')).toBeNull();
  await say('The freeze is over');
  expect(await screen.findByTestId('room-notice')).toHaveTextContent('The freeze is over');
  await say('');
  await waitFor(() => expect(screen.queryByTestId('room-notice')).toBeNull());
});

test('U100 U33: its links are opened as those of messages', async () => {
  const { user, fake } = await open();
  await user.click(await screen.findByRole('link', { name: 'https://example.org/plan' }));
  await waitFor(() => expect(fake.opened).toEqual(['https://example.org/plan']));
});

test('U100: whoever leads the room sees who has closed its notice and who has not', async () => {
  const { user, room } = await open();
  room().affiliations.set(ANNA, 'member');
  room().closed.set(TOMAS, Date.UTC(2026, 0, 2));
  await user.click(await screen.findByTestId('room-notice-readers'));
  const dialog = await screen.findByRole('dialog', { name: 'Who has closed the notice' });
  const names = async (id: string) =>
    within(await within(dialog).findByTestId(id)).getAllByRole('listitem');
  expect((await names('notice-open')).map(({ textContent }) => textContent)).toEqual([
    expect.stringContaining('Anna'),
  ]);
  expect((await names('notice-closed'))[0]).toHaveTextContent('Tomás');
  expect(await problems(dialog)).toEqual([]);
});

test('U100: others close it, and are told that it will be seen', async () => {
  const { say, room, fake } = await open();
  room().affiliations.set(fake.me, 'member');
  await say('Another');
  const close = await screen.findByTestId('room-notice-close');
  await waitFor(() => expect(screen.queryByTestId('room-notice-readers')).toBeNull());
  expect(close).toHaveAccessibleName(/owners will see/);
});

import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { problems } from './accessible';
import { openWindow, TOMAS } from './window';

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
    stage.fake.rooms.rooms.get(address)!.subject = subject;
    stage.fake.emit({ type: 'room-changed', account: stage.fake.account, room: address });
  };
  return { ...stage, address, say };
};

test('U100: what a room says stands on top until it is closed, and comes back when it changes', async () => {
  const { user, app, say, address } = await open();
  const notice = await screen.findByRole('note', { name: 'Notice of this room' });
  expect(notice).toHaveTextContent('Freeze on Friday');
  expect(await problems(notice)).toEqual([]);
  await user.click(screen.getByTestId('room-notice-close'));
  expect(screen.queryByTestId('room-notice')).toBeNull();
  // Also when one comes again.
  await app.session!.move(1);
  await app.session!.go(address);
  await waitFor(() => expect(app.session?.composer?.here.room?.subject).toMatch(/^Freeze/));
  expect(screen.queryByTestId('room-notice')).toBeNull();
  await say('The freeze is over');
  expect(await screen.findByTestId('room-notice')).toHaveTextContent('The freeze is over');
  await say('');
  await waitFor(() => expect(screen.queryByTestId('room-notice')).toBeNull());
  // What is kept says nothing of what was said.
  expect(localStorage.getItem('startalk.closed-notices')).not.toContain('Freeze');
});

test('U100 U33: its links are opened as those of messages', async () => {
  const { user, fake } = await open();
  await user.click(await screen.findByRole('link', { name: 'https://example.org/plan' }));
  await waitFor(() => expect(fake.opened).toEqual(['https://example.org/plan']));
});

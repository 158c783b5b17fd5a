import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { file, picture } from '../src/lib/runtime/fixtures-messages';
import { TEAM } from '../src/lib/runtime/fixtures';
import { ANNA, openWindow, WANGWEI } from './window';

async function openMenu(hosting = false) {
  const opened = await openWindow((fake) => {
    fake.withTeam();
    if (!hosting) return;
    fake.server = { state: 'running', team_name: TEAM, addresses: ['h:1'], people_online: 2 };
  });
  const plus = await screen.findByTestId('list-new');
  expect(plus).toHaveAccessibleName('New chat or room');
  expect(plus).toHaveAttribute('aria-expanded', 'false');
  plus.focus();
  await opened.user.keyboard('{Enter}');
  expect(plus).toHaveAttribute('aria-expanded', 'true');
  return opened;
}

describe('from the head of the list', () => {
  test('U98: a room is begun', async () => {
    const { user, app } = await openMenu();
    expect(screen.queryByTestId('menu-invite')).toBeNull();
    await user.click(screen.getByTestId('menu-new-room'));
    expect(app.session?.navigation.overlay).toBe('new-room');
  });

  test('a chat is begun with somebody who is no contact yet', async () => {
    const { user, app, fake } = await openMenu();
    await user.click(screen.getByTestId('menu-add-contact'));
    await user.type(await screen.findByTestId('contact-address'), 'ada@partner.example{Enter}');
    await waitFor(() => expect(app.session?.selected).toBe('ada@partner.example'));
    expect(fake.contacts.at(-1)).toMatchObject({ address: 'ada@partner.example', asked: true });
    expect(screen.queryByTestId('contact-address')).toBeNull();
    expect(app.session?.navigation.section).toBe('chats');
  });

  test('colleagues are invited by who hosts the server', async () => {
    const { user, app } = await openMenu(true);
    await user.click(screen.getByTestId('menu-invite'));
    expect(app.session?.navigation.overlay).toBe('invite');
  });

  test('the switcher is opened by a field that says so in few words', async () => {
    await openWindow((fake) => fake.withTeam());
    expect(await screen.findByTestId('open-switcher')).toHaveTextContent('Search or jump to…');
  });
});

test('U13: a file is named by what it is, in the row and in its sentence', async () => {
  const { fake } = await openWindow((fake) => fake.withTeam());
  await screen.findAllByTestId('conversation-row');
  const row = (id: string) =>
    screen.getAllByTestId('conversation-row').find(({ dataset }) => dataset.conversation === id);
  fake.receive(WANGWEI, '', { kind: 'file', attachments: [picture('IMG_0001.png', 80, 60)] });
  await waitFor(() => expect(row(WANGWEI)).toHaveTextContent('[Picture]'));
  expect(row(WANGWEI)).not.toHaveTextContent('IMG_0001');
  expect(row(WANGWEI)).toHaveAccessibleName(/\[Picture\]/);
  fake.receive(ANNA, '', { kind: 'file', attachments: [file('Contract.pdf')] });
  await waitFor(() => expect(row(ANNA)).toHaveTextContent('[File] Contract.pdf'));
  fake.receive(ANNA, 'as agreed', { kind: 'file', attachments: [file('Contract.pdf')] });
  await waitFor(() => expect(row(ANNA)).toHaveTextContent('as agreed'));
});

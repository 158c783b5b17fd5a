import { screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWindow } from './window';

beforeEach(() => {
  document.documentElement.dataset.system = 'linux';
});
afterEach(() => {
  delete document.documentElement.dataset.system;
});

/** The window with the first conversation of the list open. */
async function openConversation() {
  const opened = await openWindow((fake) => fake.withTeam());
  const [row] = await screen.findAllByTestId('conversation-row');
  await opened.user.click(row!);
  await screen.findByTestId('composer');
  return opened;
}

describe('U112: what a list offers is said, and the keys stay with the field', () => {
  test('in the quick switcher, with what tells people apart', async () => {
    const { fake, user } = await openConversation();
    await user.keyboard('{Control>}k{/Control}');
    const field = await screen.findByTestId('switcher-input');
    await user.type(field, 'ww');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toMatch(/^王伟, /));
    expect(field).not.toHaveAttribute('aria-activedescendant');
    await user.keyboard('{ArrowDown}');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toBe('Search all messages for “ww”'));
  });

  test('while one writes: emoji and commands', async () => {
    const { fake, user } = await openConversation();
    const field = screen.getByTestId('composer');
    await user.type(field, ':cat');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toMatch(/cat/));
    expect(field).not.toHaveAttribute('aria-activedescendant');
    await user.clear(field);
    await user.type(field, '/');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toMatch(/^\/\w+, \S/));
  });

  test('where people are chosen for a room', async () => {
    const { fake, user } = await openConversation();
    await user.keyboard('{Control>}{Shift>}n{/Shift}{/Control}');
    const field = await screen.findByTestId('picker-search');
    await user.type(field, 'ww');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toMatch(/^王伟/));
    expect(field).not.toHaveAttribute('aria-activedescendant');
    expect(fake.desktop.announced.at(-1)).not.toMatch(/chosen/);
    await user.keyboard('{Enter}ww');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toMatch(/^王伟.*, chosen$/));
  });

  test('where a message is forwarded to', async () => {
    const { fake, user } = await openConversation();
    const [message] = await screen.findAllByTestId('message');
    await user.pointer({ keys: '[MouseRight]', target: message! });
    await user.click(await screen.findByRole('menuitem', { name: /^Forward/ }));
    const field = await screen.findByTestId('forward-filter');
    await user.type(field, 'anna');
    await waitFor(() => expect(fake.desktop.announced.at(-1)).toMatch(/^Anna/));
    expect(field).not.toHaveAttribute('aria-activedescendant');
  });
});

import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { ME } from '../src/lib/runtime/fixtures';
import { company } from '../src/lib/runtime/fixtures-people';
import { problems } from './accessible';
import { openWindow } from './window';

const openTeam = () =>
  openWindow((fake) => {
    fake.withTeam();
    company(fake, 0);
  });

async function openProfile() {
  const opened = await openTeam();
  await opened.user.click(await screen.findByTestId('account-menu'));
  await opened.user.click(screen.getByTestId('menu-edit-profile'));
  await waitFor(() => expect(screen.getByTestId('own-name')).toBeEnabled());
  return opened;
}

describe('my own presence', () => {
  test('is chosen in the menu, by keyboard too', async () => {
    const { user, fake } = await openTeam();
    const opener = await screen.findByTestId('account-menu');
    opener.focus();
    await user.keyboard('{Enter}');
    expect(screen.getByTestId('menu-presence-available')).toHaveFocus();
    await user.keyboard('{ArrowDown}{Enter}');
    await waitFor(() => expect(fake.people.presence.show).toBe('away'));
    expect(opener).toHaveFocus();
    await user.click(opener);
    expect(screen.getByTestId('menu-presence-away')).toHaveAttribute('aria-checked', 'true');
  });

  test('is not shown as online while there is no connection', async () => {
    const { fake, app } = await openTeam();
    const opener = await screen.findByTestId('account-menu');
    await waitFor(() => expect(opener).toHaveAccessibleName(/, Online$/));
    expect(opener.querySelector('.dot')).not.toBeNull();
    fake.setConnection({ state: 'offline', error: null });
    await waitFor(() => expect(opener).toHaveAccessibleName(/, Offline$/));
    expect(opener.querySelector('.dot')).toBeNull();
    // What was chosen stays chosen.
    expect(app.session?.team.presence.show).toBe('available');
    fake.setConnection({ state: 'catching-up' });
    await waitFor(() => expect(opener).toHaveAccessibleName(/, Online$/));
  });

  test('U81: do not disturb with an end says until when', async () => {
    localStorage.clear();
    const { user, fake, app } = await openTeam();
    await user.click(await screen.findByTestId('account-menu'));
    await user.click(screen.getByTestId('menu-presence-dnd-hour'));
    await waitFor(() => expect(fake.people.presence.show).toBe('do-not-disturb'));
    expect(app.session?.team.presence.until).toBeGreaterThan(Date.now() + 3_500_000);
    await user.click(screen.getByTestId('account-menu'));
    expect(screen.getByTestId('menu-presence-dnd')).toHaveTextContent(/Until \d\d:\d\d/);
    await user.click(screen.getByTestId('menu-presence-available'));
    await waitFor(() => expect(app.session?.team.presence.until).toBeNull());
  });
});

describe('my own profile', () => {
  test('is read from the server, changed and saved; what the form does not show stays', async () => {
    const { user, fake } = await openProfile();
    fake.people.cards.get(ME)!.note = 'kept';
    expect(screen.getByTestId('own-title')).toHaveValue('产品经理');
    await user.clear(screen.getByTestId('own-name'));
    await user.type(screen.getByTestId('own-name'), 'Li Na');
    await user.type(screen.getByTestId('own-phone'), '+86 10 1234');
    await user.type(screen.getByTestId('own-status'), 'In Shanghai');
    await user.click(screen.getByTestId('own-submit'));
    await waitFor(() => expect(screen.queryByTestId('own-profile')).toBeNull());
    expect(fake.people.nickname).toBe('Li Na');
    expect(fake.people.presence.status).toBe('In Shanghai');
    expect(fake.people.cards.get(ME)).toMatchObject({
      title: '产品经理',
      phones: ['+86 10 1234'],
      organisation: '山谷设计 Valley Design',
    });
  });

  test('that could not be read is not overwritten', async () => {
    const opened = await openTeam();
    await opened.user.click(await screen.findByTestId('account-menu'));
    await waitFor(() => expect(opened.fake.countOf('people')).toBeGreaterThan(2));
    opened.fake.failNext('people', 'not-connected');
    await opened.user.click(screen.getByTestId('menu-edit-profile'));
    expect(await screen.findByTestId('form-error')).toHaveAttribute('data-code', 'not-connected');
    expect(screen.getByTestId('own-submit')).toBeDisabled();
  });

  test('takes no picture that is none', async () => {
    const { user } = await openProfile();
    const file = new File(['<svg/>'], 'x.png', { type: 'image/png' });
    await user.upload(screen.getByTestId('picture-file'), file);
    expect(await screen.findByTestId('form-error')).toHaveTextContent(
      'This picture cannot be used.',
    );
  });

  test('U112: has roles and names for those who do not see it', async () => {
    const { container } = await openProfile();
    expect(await problems(container.querySelector('dialog') as Element)).toEqual([]);
  });
});

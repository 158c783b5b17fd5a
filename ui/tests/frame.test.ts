import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { everyRow } from '../src/lib/runtime/fixtures-lists';
import { ANNA, openWindow, WANGWEI } from './window';

const SIYUAN = 'siyuan@valley.local';
const MARC = 'marc@valley.local';
const DESIGN = 'design@rooms.valley.local';

async function openTeam() {
  const opened = await openWindow((fake) => fake.withTeam());
  await screen.findAllByTestId('conversation-row');
  return opened;
}

describe('the columns', () => {
  test('U01: rail, list and conversation are there, and the rail opens the sections', async () => {
    const { user } = await openTeam();
    const rail = screen.getByRole('navigation', { name: 'Sections' });
    expect(within(rail).getByTestId('open-chats')).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('navigation', { name: 'Chats' })).toBeVisible();
    expect(screen.getByRole('main')).toBeVisible();
    await user.click(within(rail).getByTestId('open-settings'));
    expect(within(rail).getByTestId('open-settings')).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('main')).toHaveTextContent('Appearance');
    await user.click(within(rail).getByTestId('open-chats'));
    expect(screen.getByTestId('composer')).toBeVisible();
  });

  test('U01: the list is dragged from 220 to 420 px, and the width is there the next time', async () => {
    const { app, unmount } = await openTeam();
    const handle = screen.getByTestId('side-resizer');
    handle.setPointerCapture = () => undefined;
    const drag = async (from: number, to: number) => {
      await fireEvent.pointerDown(handle, { button: 0, clientX: from });
      await fireEvent.pointerMove(handle, { clientX: to });
      await fireEvent.pointerUp(handle);
    };
    await drag(358, 398);
    expect(app.preferences.view.sideWidth).toBe(340);
    await drag(398, 900);
    expect(app.preferences.view.sideWidth).toBe(420);
    await drag(478, 0);
    expect(app.preferences.view.sideWidth).toBe(220);
    await drag(278, 328);
    unmount();
    const again = await openTeam();
    expect(again.app.preferences.view.sideWidth).toBe(270);
    expect(screen.getByTestId('side-resizer')).toHaveAttribute('aria-valuenow', '270');
  });

  test('U01: the width can be changed with keys', async () => {
    const { user } = await openTeam();
    const handle = screen.getByTestId('side-resizer');
    handle.focus();
    await user.keyboard('{ArrowRight}{ArrowRight}{ArrowLeft}');
    expect(handle).toHaveAttribute('aria-valuenow', '310');
    await user.keyboard('{End}');
    expect(handle).toHaveAttribute('aria-valuenow', '420');
  });

  test('U10: Ctrl and plus, minus, 0 change the size of everything between 80 and 150 %', async () => {
    const { user, fake } = await openTeam();
    await user.keyboard('{Control>}={/Control}');
    expect(fake.zoom).toBe(110);
    await user.keyboard('{Control>}===={/Control}');
    expect(fake.zoom).toBe(150);
    await user.keyboard('{Control>}0{/Control}');
    expect(fake.zoom).toBe(100);
    await user.keyboard('{Control>}-----{/Control}');
    expect(fake.zoom).toBe(80);
  });

  test('U10: the size comes back with the next start', async () => {
    const { user, unmount } = await openTeam();
    await user.keyboard('{Control>}={/Control}');
    unmount();
    const { fake } = await openTeam();
    expect(fake.zoom).toBe(110);
  });
});

describe('moving between conversations', () => {
  const selected = (app: Awaited<ReturnType<typeof openTeam>>['app']) => app.session?.selected;

  test('U111: Alt+Shift+Down and Up go through what is unread', async () => {
    const { app, fake, user } = await openTeam();
    fake.receive(SIYUAN, 'a');
    fake.receive(ANNA, 'b');
    await waitFor(() => expect(app.session?.list.find(ANNA)?.unread).toBe(1));
    await user.keyboard('{Alt>}{Shift>}{ArrowDown}{/Shift}{/Alt}');
    await waitFor(() => expect(selected(app)).toBe(ANNA));
    await user.keyboard('{Alt>}{Shift>}{ArrowDown}{/Shift}{/Alt}');
    await waitFor(() => expect(selected(app)).toBe(SIYUAN));
  });

  test('U111: Alt+Left goes back to where we were, Alt+Right forward again', async () => {
    const { app, user } = await openTeam();
    await app.session!.go(ANNA);
    await user.keyboard('{Control>},{/Control}');
    expect(app.session?.navigation.section).toBe('settings');
    await user.keyboard('{Alt>}{ArrowLeft}{/Alt}');
    await waitFor(() => expect(app.session?.navigation.section).toBe('chats'));
    expect(selected(app)).toBe(ANNA);
    await user.keyboard('{Alt>}{ArrowLeft}{/Alt}');
    await waitFor(() => expect(selected(app)).toBe(WANGWEI));
    await user.keyboard('{Alt>}{ArrowRight}{/Alt}');
    await waitFor(() => expect(selected(app)).toBe(ANNA));
  });

  test('U111: Ctrl+Tab goes back and forth between the last two, and further while Ctrl is held', async () => {
    const { app, user } = await openTeam();
    await app.session!.go(ANNA);
    await app.session!.go(MARC);
    await user.keyboard('{Control>}{Tab}{/Control}');
    await waitFor(() => expect(selected(app)).toBe(ANNA));
    await user.keyboard('{Control>}{Tab}{/Control}');
    await waitFor(() => expect(selected(app)).toBe(MARC));
    await user.keyboard('{Control>}{Tab}{Tab}{/Control}');
    await waitFor(() => expect(selected(app)).toBe(WANGWEI));
  });

  test('U111: Ctrl+1 and Ctrl+2 open the pinned ones', async () => {
    const { app, user } = await openWindow((fake) => {
      fake.withTeam();
      everyRow(fake);
    });
    await screen.findAllByTestId('conversation-row');
    await user.keyboard('{Control>}2{/Control}');
    await waitFor(() => expect(selected(app)).toBe(SIYUAN));
    await user.keyboard('{Control>}1{/Control}');
    await waitFor(() => expect(selected(app)).toBe(DESIGN));
  });

  test('U107: what comes to an account that is not shown is counted in the rail', async () => {
    const { fake } = await openWindow((fake) => {
      fake.withTeam();
      fake.withAccount({ id: 'account-2', unlocked: false, server_name: 'Other', unread: 1 });
    });
    const entry = await screen.findByTestId('rail-account');
    expect(entry).toHaveTextContent('1');
    fake.overview.accounts.find(({ id }) => id === 'account-2')!.unread = 3;
    fake.emit({ type: 'conversations-changed', account: 'account-2' });
    await waitFor(() => expect(entry).toHaveTextContent('3'));
  });

  test('U107: Ctrl+Alt+PageDown goes to the next account, and the rail shows its number', async () => {
    const { app, user } = await openWindow((fake) => {
      fake.withTeam();
      fake.withAccount({ id: 'account-2', unlocked: false, server_name: 'Other', unread: 120 });
    });
    await screen.findAllByTestId('conversation-row');
    const other = screen.getByTestId('rail-account');
    expect(other).toHaveTextContent('99+');
    // Each has a colour of its own, the same on every device.
    expect(other.className).toMatch(/\bhue-\d\b/);
    await user.keyboard('{Control>}{Alt>}{PageDown}{/Alt}{/Control}');
    await waitFor(() => expect(app.account?.id).toBe('account-2'));
  });
});

describe('Escape', () => {
  test('U111: goes one level up: settings, then the message field', async () => {
    const { app, user } = await openTeam();
    await user.click(screen.getByTestId('open-settings'));
    await user.keyboard('{Escape}');
    expect(app.session?.navigation.section).toBe('chats');
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveFocus());
    screen.getAllByTestId('conversation-row')[2]!.focus();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveFocus());
  });

  test('U111: closes a dialog, and the focus returns where it was', async () => {
    const { user } = await openTeam();
    const row = screen.getAllByTestId('conversation-row')[1]!;
    row.focus();
    await user.keyboard('{Control>}/{/Control}');
    expect(screen.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
    await fireEvent(screen.getByRole('dialog'), new Event('cancel', { cancelable: true }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(row).toHaveFocus();
  });

  test('U111: on macOS nothing in the window and its settings says Ctrl', async () => {
    const { user, app, container } = await openWindow((fake) => {
      fake.withTeam();
      fake.shell.platform = 'macos';
    });
    app.preferences.setView({ sendKey: 'ctrl-enter' });
    const field = await screen.findByTestId('composer');
    expect(field).toHaveAccessibleDescription('⌘Enter sends, Enter starts a new line');
    const said = () => {
      const named = [...document.querySelectorAll('[title], [aria-label], [placeholder], input')];
      const names = named.flatMap((one) => [
        ...['title', 'aria-label', 'placeholder'].map((name) => one.getAttribute(name)),
        one instanceof HTMLInputElement ? one.value : '',
      ]);
      return `${container.textContent} ${names.join(' ')}`;
    };
    expect(said()).not.toMatch(/Ctrl/);
    await user.click(screen.getByTestId('open-settings'));
    const pages = within(screen.getByRole('navigation', { name: 'Settings' })).getAllByTestId(
      /^settings-/,
    );
    for (const page of pages) {
      await user.click(page);
      // What is chosen is called as it is kept.
      expect(said().replace('ctrl-enter', ''), page.dataset.testid).not.toMatch(/Ctrl/);
    }
    await user.keyboard('{Meta>}/{/Meta}');
    expect(screen.getByRole('dialog')).not.toHaveTextContent('Ctrl');
    const into = screen
      .getAllByTestId('shortcut')
      .find(({ dataset }) => dataset.action === 'into-messages');
    expect(into).toHaveTextContent('⌥⌘↑');
  });

  test('U111: the list of shortcuts has every one of them', async () => {
    const { user } = await openTeam();
    await user.keyboard('{Control>}/{/Control}');
    const actions = screen.getAllByTestId('shortcut').map(({ dataset }) => dataset.action);
    expect(new Set(actions).size).toBe(actions.length);
    expect(actions).toEqual(expect.arrayContaining(['switcher', 'find-here', 'zoom-in', 'cycle']));
    expect(screen.getByText('Go to a person, room or message')).toBeVisible();
  });
});

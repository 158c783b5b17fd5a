import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { everyRow } from '../src/lib/runtime/fixtures-lists';
import { TEAM } from '../src/lib/runtime/fixtures';
import type { Section } from '../src/lib/state/navigation.svelte';
import type { SettingsPage } from '../src/lib/state/settings-view.svelte';
import { SETTINGS_PAGES } from '../src/lib/state/settings-view.svelte';
import { problems } from './accessible';
import { openWindow } from './window';

// A whole window is looked at, element by element.
vi.setConfig({ testTimeout: 60_000 });

function team(fake: FakeRuntime) {
  fake.withTeam();
  everyRow(fake);
  fake.server = { state: 'running', team_name: TEAM, addresses: ['h:1'], people_online: 2 };
}

async function openTeam(prepare: (fake: FakeRuntime) => void = team) {
  const opened = await openWindow(prepare);
  await screen.findAllByTestId('conversation-row');
  return opened;
}

const clean = async () => expect(await problems(document.body)).toEqual([]);

describe('U112: axe finds nothing wrong in', () => {
  test('the welcome, start, join, and unlock views', async () => {
    const { user, unmount } = await openWindow();
    await clean();
    await user.click(await screen.findByTestId('welcome-start'));
    await clean();
    await user.click(screen.getByTestId('back'));
    await user.click(screen.getByTestId('welcome-join'));
    await clean();
    unmount();
    await openWindow((fake) => {
      fake.overview.secrets = 'ask-each-time';
      fake.withTeam({ unlocked: false, connection: { state: 'offline', error: null } });
    });
    await screen.findByTestId('unlock-password');
    await clean();
  });

  test('an account that could not be opened', async () => {
    await openWindow((fake) => {
      const connection = { state: 'offline', error: apiError('keyring-unavailable') } as const;
      fake.withTeam({ unlocked: false, connection });
    });
    await screen.findByTestId('unlock-again');
    await clean();
  });

  test('a problem that ends everything', async () => {
    await openWindow((fake) => {
      fake.shell.fatal = apiError('profile-in-use', { path: '/home/lina' });
    });
    await clean();
  });

  test('the chats, with all that a row can show', async () => {
    await openTeam();
    await clean();
  });

  test('an empty filter and the bar that takes back', async () => {
    const { app } = await openTeam((fake) => fake.withTeam());
    app.session!.list.filter = 'mentions';
    await screen.findByTestId('empty-list');
    app.session!.list.readAll.start([{ ...app.session!.list.all[0]!, unread: 2 }]);
    await screen.findByTestId('undo-bar');
    await clean();
  });

  test('the banner that says that there is no connection', async () => {
    const { app, fake } = await openTeam();
    fake.setConnection({ state: 'offline', error: apiError('wrong-password') });
    await waitFor(() => expect(app.session?.connection.needsPassword).toBe(true));
    await screen.findByTestId('connection-banner');
    await clean();
  });

  test('the menu of a row and the dialog that asks before a room is left', async () => {
    const { user } = await openTeam();
    await fireEvent.contextMenu(screen.getAllByTestId('conversation-row')[0]!);
    await screen.findByRole('menu');
    await clean();
    await user.click(screen.getByTestId('menu-leave'));
    await clean();
  });

  test('the quick switcher, empty and with results', async () => {
    const { user } = await openTeam();
    await user.keyboard('{Control>}k{/Control}');
    await screen.findByTestId('switcher-input');
    await clean();
    await user.keyboard('an');
    await waitFor(() => expect(screen.getAllByTestId('switcher-entry').length).toBeGreaterThan(1));
    await clean();
  });

  test('the list of shortcuts', async () => {
    const { user } = await openTeam();
    await user.keyboard('{Control>}/{/Control}');
    await clean();
  });

  test('searching everywhere and here', async () => {
    const { user, app } = await openTeam();
    app.session!.findHere();
    await screen.findByTestId('find-bar');
    await clean();
    app.session!.open('search');
    await user.type(await screen.findByTestId('search-input'), 'from:anna the');
    await waitFor(() => expect(screen.getAllByTestId('search-hit').length).toBeGreaterThan(1));
    await clean();
  });

  test('every page of the settings', async () => {
    const { app } = await openTeam();
    app.session!.open('settings');
    for (const page of SETTINGS_PAGES satisfies readonly SettingsPage[]) {
      app.session!.settings.page = page;
      app.preferences.setNotifications({
        quiet_hours: {
          from_minute: 0,
          to_minute: 60,
          days: [true, true, true, true, true, true, true],
        },
      });
      await waitFor(() => expect(document.querySelector('[data-setting]')).not.toBeNull());
      await clean();
    }
    app.session!.settings.query = 'e';
    await clean();
  });
});

test('U111: every section of the rail has exactly one tab stop for its list', async () => {
  const { app } = await openTeam();
  for (const section of ['chats', 'settings'] satisfies Section[]) {
    app.session!.open(section);
    await waitFor(() => {
      const lists = [...document.querySelectorAll('nav')];
      expect(lists.length).toBeGreaterThan(1);
      for (const list of lists) {
        expect(list.querySelectorAll('[data-roving][tabindex="0"]'), section).toHaveLength(1);
      }
    });
  }
});

test('U112: what comes in is said once, politely, and not for what is muted', async () => {
  const { app, fake } = await openTeam((it) => it.withTeam());
  fake.receive('wangwei@valley.local', '你好');
  await waitFor(() => expect(screen.getByTestId('live-region')).toHaveTextContent('王伟: 你好'));
  expect(screen.getByTestId('live-region')).toHaveAttribute('aria-live', 'polite');
  expect(app.announcer.text).toBe('王伟: 你好');
});

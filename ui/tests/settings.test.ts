import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { openWindow } from './window';

async function openSettings(
  page?: string,
  prepare: Parameters<typeof openWindow>[0] = (fake) => fake.withTeam(),
) {
  const opened = await openWindow(prepare);
  await opened.user.click(await screen.findByTestId('open-settings'));
  if (page !== undefined) await opened.user.click(screen.getByTestId(`settings-${page}`));
  return opened;
}

describe('settings', () => {
  test('U08 U114: language and theme change at once, without a restart', async () => {
    const { user, fake } = await openSettings();
    await user.click(screen.getByTestId('theme-dark'));
    expect(document.documentElement.dataset.theme).toBe('dark');
    await user.click(screen.getByTestId('language-zh-CN'));
    expect(screen.getByTestId('settings-appearance')).toHaveTextContent('外观');
    expect(document.documentElement.lang).toBe('zh-CN');
    expect(fake.shell.settings).toMatchObject({ language: 'zh-CN', theme: 'dark' });
  });

  test('U10: density, text size and zoom change at once and are kept', async () => {
    const { user, fake, unmount } = await openSettings();
    await user.click(screen.getByTestId('density-compact'));
    await user.click(screen.getByTestId('text-size-large'));
    await user.click(screen.getByTestId('zoom-125'));
    expect(document.documentElement.dataset).toMatchObject({ density: 'compact', text: 'large' });
    expect(fake.zoom).toBe(125);
    unmount();
    const { app } = await openSettings();
    expect(app.preferences.view).toMatchObject({
      density: 'compact',
      textSize: 'large',
      zoom: 125,
    });
  });

  test('U45: the key that sends is chosen', async () => {
    const { user, app } = await openSettings('chats');
    await user.click(screen.getByTestId('send-key-ctrl-enter'));
    expect(app.preferences.view.sendKey).toBe('ctrl-enter');
  });

  test('U45: the key that sends is said under the field, and is the one that sends', async () => {
    const { user, app, fake } = await openSettings('chats');
    await user.click(screen.getByTestId('send-key-ctrl-enter'));
    await user.click(screen.getByTestId('open-chats'));
    await app.session?.select('wangwei@valley.local');
    const field = await screen.findByTestId('composer');
    await waitFor(() =>
      expect(field).toHaveAccessibleDescription('Ctrl+Enter sends, Enter starts a new line'),
    );
    const sent = () =>
      fake.talks
        .get('wangwei@valley.local')!
        .messages.map(({ text }) => text)
        .at(-1);
    const before = sent();
    await user.type(field, 'one{Enter}two');
    expect(sent()).toBe(before);
    await user.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(sent()).toBe('one\ntwo'));
  });

  test('U58: spelling is checked in English, not in Chinese, and as the person likes', async () => {
    const { user, app } = await openSettings('chats');
    const field = async () => {
      await user.click(screen.getByTestId('open-chats'));
      await app.session?.select('wangwei@valley.local');
      return screen.findByTestId('composer');
    };
    const composer = await field();
    expect(composer).toHaveAttribute('spellcheck', 'true');
    await user.type(composer, 'helo 你好');
    expect(composer).toHaveAttribute('spellcheck', 'false');
    await user.clear(composer);
    expect(composer).toHaveAttribute('spellcheck', 'true');
    app.preferences.setLanguage('zh-CN');
    await waitFor(() => expect(composer).toHaveAttribute('spellcheck', 'false'));
    await user.click(screen.getByTestId('open-settings'));
    expect(screen.getByTestId('setting-spelling')).not.toBeChecked();
    await user.click(screen.getByTestId('setting-spelling'));
    expect(await field()).toHaveAttribute('spellcheck', 'true');
  });

  test('are found by their words in both languages, all pages at once', async () => {
    const { user } = await openSettings();
    await user.type(screen.getByTestId('settings-search'), 'quiet');
    expect(screen.getByTestId('setting-quiet')).toBeVisible();
    expect(screen.queryByTestId('theme-dark')).toBeNull();
    await user.clear(screen.getByTestId('settings-search'));
    await user.type(screen.getByTestId('settings-search'), 'dark');
    expect(screen.getByTestId('theme-dark')).toBeVisible();
    await user.clear(screen.getByTestId('settings-search'));
    await user.type(screen.getByTestId('settings-search'), 'xyzzy');
    expect(screen.getByTestId('settings-nothing')).toHaveTextContent('No setting matches “xyzzy”.');
    expect(document.querySelector('[data-setting]')).toBeNull();
  });

  test('U84: what a notification says', async () => {
    const { user, fake } = await openSettings('notifications');
    await user.click(screen.getByTestId('preview-name'));
    expect(fake.shell.settings.notifications.preview).toBe('name');
    await user.click(screen.getByTestId('setting-sound'));
    await user.click(screen.getByTestId('setting-mentions-pass'));
    expect(fake.shell.settings.notifications).toMatchObject({
      preview: 'name',
      sound: false,
      mentions_pass: true,
    });
  });

  test('U81: do not disturb for a while, and again', async () => {
    const { user, fake, app } = await openSettings('notifications');
    const before = Date.now();
    await user.click(screen.getByTestId('quiet-2'));
    const until = fake.shell.settings.notifications.quiet_until_ms!;
    expect(until - before).toBeGreaterThanOrEqual(7_200_000);
    expect(until - before).toBeLessThan(7_260_000);
    expect(app.preferences.isQuiet(Date.now())).toBe(true);
    expect(screen.getByTestId('quiet-until')).toHaveTextContent(/No notifications until/);
    await user.click(screen.getByTestId('quiet-off'));
    expect(fake.shell.settings.notifications.quiet_until_ms).toBeNull();
    expect(app.preferences.isQuiet(Date.now())).toBe(false);
  });

  test('U81: quiet hours with their days', async () => {
    const { user, fake } = await openSettings('notifications');
    expect(screen.queryByTestId('quiet-from')).toBeNull();
    await user.click(screen.getByTestId('setting-quiet'));
    await fireEvent.change(screen.getByTestId('quiet-from'), { target: { value: '22:30' } });
    await fireEvent.change(screen.getByTestId('quiet-to'), { target: { value: '07:15' } });
    await user.click(screen.getByTestId('quiet-day-5'));
    await user.click(screen.getByTestId('quiet-day-6'));
    expect(fake.shell.settings.notifications.quiet_hours).toEqual({
      from_minute: 22 * 60 + 30,
      to_minute: 7 * 60 + 15,
      days: [true, true, true, true, true, false, false],
    });
    await user.click(screen.getByTestId('setting-quiet'));
    expect(fake.shell.settings.notifications.quiet_hours).toBeNull();
  });

  test('U107: with one account there is nothing to tell apart', async () => {
    await openSettings('notifications');
    expect(screen.queryByTestId('account-rules')).toBeNull();
  });

  test('U107: each of two accounts can have rules of its own', async () => {
    const { user, fake } = await openSettings('notifications', (fake) => {
      fake.shell.settings = {
        ...fake.shell.settings,
        notifications: {
          ...fake.shell.settings.notifications,
          preview: 'name',
          accounts: { gone: { about: 'nothing', preview: 'text', sound: true } },
        },
      };
      fake.withTeam();
      fake.withAccount({ id: 'account-2', server_name: 'Other', preview_limit: 'name' });
    });
    const rules = () => fake.shell.settings.notifications.accounts;
    const groups = screen.getAllByTestId('account-rules');
    expect(groups).toHaveLength(2);
    expect(groups[1]).toHaveAccessibleName(/Other/);
    // They begin as what holds for all, and those of accounts that are gone go.
    await user.click(screen.getByTestId('rules-own-account-2'));
    expect(rules()).toEqual({ 'account-2': { about: 'everything', preview: 'name', sound: true } });
    const other = within(groups[1]!);
    expect(other.getByTestId('rules-preview-account-2-text')).toBeDisabled();
    await user.click(other.getByTestId('rules-preview-account-2-nothing'));
    await user.click(other.getByTestId('rules-sound-account-2'));
    await user.click(other.getByTestId('rules-about-account-2-personal'));
    const chosen = { about: 'personal', preview: 'nothing', sound: false };
    expect(rules()).toEqual({ 'account-2': chosen });
    // Where nothing is told there is nothing to choose of how.
    await user.click(screen.getByTestId(`rules-own-${ACCOUNT}`));
    await user.click(screen.getByTestId(`rules-about-${ACCOUNT}-nothing`));
    expect(within(groups[0]!).queryByRole('switch', { name: 'Sound' })).toBeNull();
    expect(rules()).toMatchObject({ [ACCOUNT]: { about: 'nothing' }, 'account-2': chosen });
    await user.click(screen.getByTestId('rules-own-account-2'));
    expect(Object.keys(rules())).toEqual([ACCOUNT]);
  });

  test('U07 U87: what the desktop does, and what it refuses', async () => {
    const { user, fake } = await openSettings('desktop');
    await user.click(screen.getByTestId('setting-close-to-tray'));
    await user.click(screen.getByTestId('setting-flash'));
    expect(fake.shell.settings.desktop).toMatchObject({ close_to_tray: false, flash: false });
    fake.settingProblems = ['start-at-login-failed'];
    await user.click(screen.getByTestId('setting-start-at-login'));
    expect(await screen.findByTestId('setting-problem')).toHaveTextContent('does not let Startalk');
    expect(fake.shell.settings.desktop.start_at_login).toBe(true);
  });

  test('the shortcut from anywhere is pressed, not typed, and can be off', async () => {
    const { fake } = await openSettings('desktop');
    const field = screen.getByTestId('setting-show-shortcut');
    expect(field).toHaveValue('Ctrl+Alt+Z');
    await fireEvent.keyDown(field, { key: 'Control', code: 'ControlLeft', ctrlKey: true });
    await fireEvent.keyDown(field, { key: 'x', code: 'KeyX' });
    expect(field).toHaveValue('Ctrl+Alt+Z');
    await fireEvent.keyDown(field, { key: 'å', code: 'KeyA', ctrlKey: true, altKey: true });
    expect(fake.shell.settings.desktop.show_shortcut).toBe('Ctrl+Alt+A');
    await fireEvent.keyDown(field, { key: 'Backspace', code: 'Backspace' });
    expect(fake.shell.settings.desktop.show_shortcut).toBeNull();
    expect(field).toHaveValue('Off');
  });

  test('storage says what is there, and is cleared after having asked', async () => {
    const { user, fake } = await openSettings('storage');
    await waitFor(() => expect(screen.getByTestId('storage')).toHaveTextContent(/Messages [1-9]/));
    await user.click(screen.getByTestId('storage-clear'));
    expect(screen.getByRole('dialog')).toHaveTextContent('Unread messages');
    await user.click(screen.getByTestId('storage-clear-submit'));
    await waitFor(() => expect(screen.getByTestId('storage')).toHaveTextContent(/Messages 0/));
    const cleared = fake.calls.filter(
      (call) => call.type === 'conversation' && call.action === 'clear-cache',
    );
    expect(cleared).toHaveLength(5);
    expect(screen.getByTestId('storage-clear')).toBeEnabled();
  });

  test('U69 U119: the status is copied for support, without secrets and names', async () => {
    const { user, fake } = await openSettings('status');
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    const error = apiError('server-unreachable', { server: 'valley.local' });
    error.detail = 'tcp lina@valley.local: refused, token=abc123';
    fake.setConnection({ state: 'waiting', retry_at_ms: Date.now() + 20_000, error });
    await waitFor(() => expect(screen.getByTestId('status')).toHaveTextContent('trying again'));
    await user.click(screen.getByTestId('diagnostics-copy'));
    expect(screen.getByTestId('diagnostics-copy')).toHaveTextContent('Copied');
    const text = write.mock.calls[0]![0];
    expect(text).toContain('Server: valley.local');
    expect(text).toContain('Connection: waiting');
    expect(text).toContain('Last problem: server-unreachable');
    for (const secret of ['lina', '李娜', 'abc123', '投影仪', '王伟']) {
      expect(text).not.toContain(secret);
    }
  });

  test('U109: a passcode is set for the lock, which then locks by itself or at once', async () => {
    const { user, fake } = await openSettings('lock');
    expect(screen.queryByTestId('lock-now')).toBeNull();
    await user.click(screen.getByTestId('lock-choose'));
    await user.type(screen.getByTestId('lock-new'), 'abc');
    await user.click(screen.getByTestId('lock-choose-submit'));
    expect(screen.getByRole('dialog')).toHaveTextContent('At least 4 characters.');
    await user.type(screen.getByTestId('lock-new'), 'd');
    await user.type(screen.getByTestId('lock-again'), 'abcx');
    await user.click(screen.getByTestId('lock-choose-submit'));
    expect(screen.getByRole('dialog')).toHaveTextContent('The two are not the same.');
    expect(fake.desktop.lock.ready).toBe(false);
    await user.clear(screen.getByTestId('lock-again'));
    await user.type(screen.getByTestId('lock-again'), 'abcd{Enter}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(fake.shell.settings.desktop.lock_after_minutes).toBe(15);
    await user.click(screen.getByTestId('lock-after-5'));
    expect(fake.shell.settings.desktop.lock_after_minutes).toBe(5);
    await user.click(screen.getByTestId('lock-now'));
    await user.type(await screen.findByTestId('lock-secret'), 'abcd{Enter}');
    await waitFor(() => expect(screen.queryByTestId('lock-secret')).toBeNull());
    expect(fake.desktop.lock).toMatchObject({ ready: true, locked: false });
  });

  test('U109: only who knows the passcode changes it or takes it away', async () => {
    const { user, fake } = await openSettings('lock', (fake) => {
      fake.withTeam();
      void fake.desktop.lockChoose(null, 'old one');
      fake.shell.lock = fake.desktop.lock;
    });
    await user.click(screen.getByTestId('lock-change'));
    await user.type(screen.getByTestId('lock-old'), 'another');
    await user.type(screen.getByTestId('lock-new'), 'new one');
    await user.type(screen.getByTestId('lock-again'), 'new one');
    await user.click(screen.getByTestId('lock-choose-submit'));
    await waitFor(() =>
      expect(screen.getByRole('dialog')).toHaveTextContent('This is not the right passcode.'),
    );
    await user.clear(screen.getByTestId('lock-old'));
    await user.type(screen.getByTestId('lock-old'), 'old one{Enter}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.click(screen.getByTestId('lock-remove'));
    await user.type(screen.getByTestId('lock-old'), 'new one{Enter}');
    await waitFor(() => expect(fake.desktop.lock.ready).toBe(false));
    expect(screen.getByTestId('lock-state')).toHaveTextContent('No passcode is set');
    expect(fake.shell.settings.desktop.lock_after_minutes).toBeNull();
  });

  test('U109: the sign-in of the system opens the lock where there is one, and if wanted', async () => {
    const { user, fake } = await openSettings('lock', (fake) => {
      fake.withTeam();
      fake.shell.platform = 'windows';
      void fake.desktop.lockChoose(null, 'secret');
      fake.shell.lock = fake.desktop.lock;
    });
    expect(screen.queryByTestId('lock-system')).toBeNull();
    await fake.desktop.lockLetSystem(false);
    const toggle = await screen.findByRole('switch', { name: 'Unlock with Windows Hello' });
    expect(toggle).not.toBeChecked();
    await user.click(screen.getByTestId('lock-now'));
    await screen.findByTestId('lock-secret');
    expect(screen.queryByTestId('lock-system')).toBeNull();
    await user.type(screen.getByTestId('lock-secret'), 'secret{Enter}');
    await user.click(await screen.findByTestId('open-settings'));
    await user.click(screen.getByTestId('settings-lock'));
    await user.click(screen.getByRole('switch', { name: 'Unlock with Windows Hello' }));
    await waitFor(() => expect(fake.desktop.lock.system).toBe('on'));
    await user.click(screen.getByTestId('lock-now'));
    const ask = await screen.findByRole('button', { name: 'Unlock with Windows Hello' });
    for (const [answer, said] of [
      ['not-allowed', 'The system did not confirm that it is you.'],
      ['not-supported', 'The system cannot ask for your sign-in now.'],
    ] as const) {
      fake.desktop.signIn = answer;
      await user.click(ask);
      expect(await screen.findByTestId('form-error')).toHaveTextContent(said);
    }
    fake.desktop.signIn = 'cancelled';
    await user.click(ask);
    await waitFor(() => expect(screen.queryByTestId('form-error')).toBeNull());
    expect(screen.getByTestId('lock-secret')).toBeVisible();
    fake.desktop.signIn = 'confirmed';
    await user.click(ask);
    await waitFor(() => expect(screen.queryByTestId('lock-secret')).toBeNull());
  });

  test('U109: who forgot the passcode is told the way out where it is needed', async () => {
    const { user, fake, app } = await openSettings('lock', (fake) => {
      fake.withTeam();
      void fake.desktop.lockChoose(null, 'abcd');
      fake.shell.lock = fake.desktop.lock;
    });
    const file = `${fake.shell.home}/profile/lock.json`;
    expect(screen.getByRole('main')).toHaveTextContent(file);
    await user.click(screen.getByTestId('lock-now'));
    const forgot = await screen.findByRole('button', { name: 'Forgot it?' });
    expect(forgot).toHaveAttribute('aria-expanded', 'false');
    expect(screen.queryByTestId('lock-way')).toBeNull();
    await user.click(forgot);
    expect(screen.getByTestId('lock-way')).toHaveTextContent(file);
    expect(app.lock.locked).toBe(true);
    // Nothing was tried with an empty field.
    expect(screen.queryByTestId('field-error')).toBeNull();
    await user.click(screen.getByTestId('lock-submit'));
    expect(screen.getByTestId('field-error')).toHaveTextContent('passcode');
  });

  test('U109: Ctrl+Shift+L locks, and leads to the page where there is no passcode', async () => {
    const { user, fake } = await openSettings();
    await user.keyboard('{Control>}{Shift>}l{/Shift}{/Control}');
    expect(await screen.findByTestId('lock-choose')).toBeVisible();
    await fake.desktop.lockChoose(null, 'secret');
    await user.keyboard('{Control>}{Shift>}L{/Shift}{/Control}');
    expect(await screen.findByTestId('lock-secret')).toBeVisible();
  });

  test('U107: sign out from the page of the account', async () => {
    const { user, fake } = await openSettings('account');
    const main = within(screen.getByRole('main'));
    expect(main.getByText('lina@valley.local')).toBeVisible();
    await user.click(main.getByTestId('sign-out'));
    await user.click(screen.getByTestId('sign-out-submit'));
    expect(fake.calls).toContainEqual({ type: 'sign-out', account: ACCOUNT, wipe: false });
  });

  test('U111: the pages are walked with the arrow keys', async () => {
    const { user } = await openSettings();
    screen.getByTestId('settings-appearance').focus();
    await user.keyboard('{ArrowDown}{Enter}');
    expect(screen.getByTestId('setting-notify')).toBeVisible();
  });

  test('U108: the devices of the account, and one that is signed out', async () => {
    const { user } = await openSettings('devices');
    const rows = await screen.findAllByTestId('device');
    expect(rows).toHaveLength(4);
    const [own, laptop] = rows as [HTMLElement, HTMLElement];
    expect(own).toHaveTextContent('lina-desk (Linux)');
    expect(own).toHaveTextContent('This device');
    // Signing out this device is a matter of its own, with a question about the history.
    expect(within(own).queryByTestId('device-end')).toBeNull();
    expect(laptop).toHaveTextContent('Connected');
    expect(laptop).toHaveTextContent('10.8.0.6');
    await user.click(within(laptop).getByRole('button', { name: /Sign out LINA-LAPTOP/ }));
    await user.click(screen.getByTestId('device-end-submit'));
    await waitFor(() => expect(screen.getAllByTestId('device')).toHaveLength(3));
    expect(screen.queryByTestId('device-may-come-back')).toBeNull();
    // One that has never said which it is may know the password.
    await user.click(screen.getByRole('button', { name: 'Sign out Gajim' }));
    await user.click(screen.getByTestId('device-end-submit'));
    expect(await screen.findByTestId('device-may-come-back')).toHaveTextContent('Gajim');
  });

  test('U108: a server that can do less says so, and nothing is offered that fails', async () => {
    await openSettings('devices', (fake) => {
      fake.withTeam();
      fake.devices.complete = false;
    });
    expect(await screen.findByTestId('devices-incomplete')).toBeVisible();
    for (const button of screen.getAllByTestId('device-end')) {
      expect(button).toBeDisabled();
      expect(button).toHaveAttribute('title', 'This server cannot sign out single devices.');
    }
  });

  test('U108: two devices of one program have a row each, also without the means to end one', async () => {
    await openSettings('devices', (fake) => {
      fake.withTeam();
      fake.devices.complete = false;
      fake.devices.all = ['session/1', 'session/2'].map((id) => ({
        ...fake.devices.all.at(-1)!,
        id,
      }));
    });
    expect(await screen.findAllByTestId('device')).toHaveLength(2);
  });
});

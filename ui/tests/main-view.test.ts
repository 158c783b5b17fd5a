import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { ANNA, openWindow, TOMAS, WANGWEI } from './window';

const openTeam = () => openWindow((fake) => fake.withTeam());

const row = (address: string) =>
  screen
    .getAllByTestId('conversation-row')
    .find((one) => one.dataset.conversation === address) as HTMLElement;
const messages = () => screen.getAllByTestId('message');
const last = () => messages().at(-1) as HTMLElement;

describe('the list', () => {
  test('says in one sentence who, when and how many', async () => {
    const { fake } = await openTeam();
    fake.receive(ANNA, 'Are you there?');
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '1'));
    expect(row(ANNA)).toHaveAccessibleName(
      /Anna Kowalski.*Away.*Are you there\?.*1 unread message/s,
    );
  });

  test('counts up to 99', async () => {
    const { fake } = await openTeam();
    for (let index = 0; index < 120; index += 1) fake.receive(ANNA, 'x');
    await waitFor(() => expect(within(row(ANNA)).getByText('99+')).toBeVisible());
  });

  test('shows typing before the draft, and the draft before the last message', async () => {
    const { fake } = await openTeam();
    fake.talks.get(ANNA)!.draft = 'half a sentence';
    fake.emit({ type: 'conversations-changed', account: ACCOUNT });
    await waitFor(() => expect(row(ANNA)).toHaveTextContent('Draft: half a sentence'));
    fake.setTyping(ANNA, true);
    await waitFor(() => expect(row(ANNA)).toHaveTextContent('typing…'));
  });

  test('marks a message that was not sent', async () => {
    await openTeam();
    await screen.findAllByTestId('conversation-row');
    expect(row('marc@valley.local')).toHaveAccessibleName(/Not sent/);
  });

  test('starts a conversation with a colleague', async () => {
    const { user } = await openTeam();
    const contacts = await screen.findAllByTestId('contact-row');
    expect(contacts.map((contact) => contact.dataset.contact)).toEqual([
      TOMAS,
      'zhoumin@valley.local',
    ]);
    await user.click(contacts[0]!);
    await waitFor(() => expect(row(TOMAS)).toHaveAttribute('aria-current', 'true'));
    expect(screen.getByText('No messages yet. Say hello!')).toBeVisible();
    expect(screen.getByTestId('composer')).toHaveFocus();
  });

  test('has one tab stop; the arrow keys go through all rows', async () => {
    const { user } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    const stops = () =>
      screen.getByRole('navigation', { name: 'Chats' }).querySelectorAll('[tabindex="0"]');
    expect(stops()).toHaveLength(1);
    row(WANGWEI).focus();
    await user.keyboard('{ArrowDown}');
    expect(row('marc@valley.local')).toHaveFocus();
    await user.keyboard('{End}');
    expect(screen.getAllByTestId('contact-row').at(-1)).toHaveFocus();
    await user.keyboard('{Home}{ArrowUp}');
    expect(row(WANGWEI)).toHaveFocus();
  });

  test('Alt+Down and Alt+Up go through conversations', async () => {
    const { user, app } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(app.session?.selected).toBe('marc@valley.local'));
    await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
    await waitFor(() => expect(app.session?.selected).toBe(WANGWEI));
  });
});

describe('messages', () => {
  test('carry direction, state and text, and tell the state in words', async () => {
    const { fake, user } = await openTeam();
    await user.type(
      await screen.findByTestId('composer'),
      'Line 1{Shift>}{Enter}{/Shift}Line 2{Enter}',
    );
    await waitFor(() => expect(last()).toHaveTextContent('Line 1 Line 2'));
    expect(within(last()).getByTestId('message-text').textContent).toBe('Line 1\nLine 2');
    expect(last()).toHaveAttribute('data-direction', 'outgoing');
    expect(screen.getByTestId('composer')).toHaveValue('');
    const id = Number(last().dataset.id);
    for (const [state, words] of [
      ['waiting', 'Waiting to be sent'],
      ['sent', 'Sent'],
      ['delivered', 'Delivered'],
      ['read', 'Read'],
    ] as const) {
      fake.setDelivery(id, { state });
      await waitFor(() => expect(last()).toHaveAttribute('data-state', state));
      expect(within(last()).getByRole('img', { name: words })).toHaveAttribute('title', words);
    }
  });

  test('that failed say why, and can be sent again or deleted', async () => {
    const { user, app } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    await app.session!.select('marc@valley.local');
    await waitFor(() => expect(last()).toHaveAttribute('data-state', 'failed'));
    expect(last()).toHaveTextContent('Not sent. The server refused this message.');
    await user.click(within(last()).getByTestId('message-retry'));
    await waitFor(() => expect(last()).toHaveAttribute('data-state', 'waiting'));
  });

  test('are deleted', async () => {
    const { user, app } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    await app.session!.select('marc@valley.local');
    await waitFor(() => expect(messages()).toHaveLength(3));
    await user.click(screen.getByTestId('message-delete'));
    await waitFor(() => expect(messages()).toHaveLength(2));
  });

  test('are shown as text, whatever they look like', async () => {
    const { fake } = await openTeam();
    await screen.findAllByTestId('message');
    const text = '<img src=x onerror="alert(1)"> {@html} &amp; ${x}';
    fake.receive(WANGWEI, text);
    await waitFor(() => expect(within(last()).getByTestId('message-text').textContent).toBe(text));
    expect(last().querySelector('img')).toBeNull();
  });

  test('that come in are announced politely', async () => {
    const { fake } = await openTeam();
    await screen.findAllByTestId('message');
    fake.receive(WANGWEI, '你好');
    await waitFor(() => expect(screen.getByTestId('live-region')).toHaveTextContent('王伟: 你好'));
    expect(screen.getByTestId('live-region')).toHaveAttribute('aria-live', 'polite');
  });

  test('are told as read only while the window has the focus', async () => {
    const { fake, app } = await openTeam();
    await screen.findAllByTestId('message');
    app.setFocused(false);
    fake.receive(WANGWEI, 'a');
    await waitFor(() => expect(last()).toHaveTextContent('a'));
    expect(fake.countOf('mark-displayed')).toBe(0);
    expect(screen.getByTestId('new-line')).toBeVisible();
    app.setFocused(true);
    expect(fake.countOf('mark-displayed')).toBe(1);
  });
});

test('an own message leads to the end of the conversation', async () => {
  const { user, app } = await openTeam();
  const composer = await screen.findByTestId('composer');
  const viewport = screen.getByTestId('timeline');
  Object.defineProperties(viewport, {
    scrollHeight: { value: 2000 },
    clientHeight: { value: 500 },
  });
  await fireEvent.scroll(viewport);
  viewport.scrollTop = 700;
  await fireEvent.scroll(viewport);
  expect(screen.getByTestId('to-latest')).toHaveTextContent('Latest messages');
  await user.type(composer, 'hello{Enter}');
  await waitFor(() => expect(app.session?.timeline?.atBottom).toBe(true));
});

describe('typing', () => {
  test('of the other side is shown below the name', async () => {
    const { fake } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    expect(screen.queryByTestId('typing-indicator')).toBeNull();
    fake.setTyping(WANGWEI, true);
    expect(await screen.findByTestId('typing-indicator')).toHaveTextContent('typing…');
    fake.setTyping(WANGWEI, false);
    await waitFor(() => expect(screen.queryByTestId('typing-indicator')).toBeNull());
  });

  test('with the focus elsewhere goes to the composer', async () => {
    const { user } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    row(WANGWEI).focus();
    await user.keyboard('hi');
    expect(screen.getByTestId('composer')).toHaveValue('hi');
  });

  test('the Enter that ends a composition does not send, the next one does', async () => {
    const { fake } = await openTeam();
    const composer = await screen.findByTestId('composer');
    composer.focus();
    await fireEvent.compositionStart(composer);
    await fireEvent.input(composer, { target: { value: '你好' } });
    await fireEvent.compositionEnd(composer);
    await fireEvent.keyDown(composer, { key: 'Enter', keyCode: 229 });
    expect(fake.countOf('send-message')).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await fireEvent.keyDown(composer, { key: 'Enter', keyCode: 13 });
    expect(fake.calls).toContainEqual({
      type: 'send-message',
      account: ACCOUNT,
      conversation: WANGWEI,
      text: '你好',
    });
  });

  test('a text that cannot be stored comes back with the reason', async () => {
    const { fake, user } = await openTeam();
    fake.failNext('send-message', 'disk-full');
    await user.type(await screen.findByTestId('composer'), 'important{Enter}');
    expect(await screen.findByTestId('composer-error')).toHaveTextContent('The disk is full');
    expect(screen.getByTestId('composer')).toHaveValue('important');
  });
});

describe('the connection', () => {
  test('is a quiet banner after 3 s with reason, countdown and a button', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake } = await openTeam();
    const error = apiError('server-unreachable', { server: 'valley.local' });
    fake.setConnection({ state: 'waiting', retry_at_ms: Date.now() + 20_000, error });
    expect(screen.queryByTestId('connection-banner')).toBeNull();
    await vi.advanceTimersByTimeAsync(3_000);
    const banner = screen.getByTestId('connection-banner');
    expect(banner).toHaveAttribute('data-state', 'waiting');
    expect(banner).toHaveTextContent('The server valley.local does not answer.');
    expect(banner).toHaveTextContent('Next try in 17 s');
    screen.getByTestId('reconnect-now').click();
    await vi.advanceTimersByTimeAsync(0);
    expect(fake.calls).toContainEqual({ type: 'reconnect-now', account: ACCOUNT });
    expect(screen.getByTestId('connection-banner')).toHaveAttribute('data-state', 'connecting');
    fake.setConnection({ state: 'online' });
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.queryByTestId('connection-banner')).toBeNull();
  });

  test('asks for the password again in place, the history stays readable', async () => {
    const { fake, user } = await openTeam();
    await screen.findAllByTestId('message');
    fake.setConnection({ state: 'offline', error: apiError('wrong-password') });
    await user.type(await screen.findByTestId('unlock-password'), 'wrong{Enter}');
    expect(await screen.findByTestId('field-error')).toHaveTextContent('not the right password');
    expect(messages().length).toBeGreaterThan(5);
    await user.clear(screen.getByTestId('unlock-password'));
    await user.type(screen.getByTestId('unlock-password'), 'right{Enter}');
    await waitFor(() => expect(screen.queryByTestId('connection-banner')).toBeNull());
  });

  test('U66: signed out, removed and locked are told apart, and the history stays', async () => {
    const { fake } = await openTeam();
    await screen.findAllByTestId('message');
    fake.setConnection({ state: 'offline', error: apiError('sign-in-expired') });
    const banner = await screen.findByTestId('connection-banner');
    expect(banner).toHaveTextContent('This device was signed out.');
    expect(within(banner).getByTestId('unlock-password')).toBeVisible();
    fake.setConnection({ state: 'offline', error: apiError('account-removed') });
    await waitFor(() => expect(banner).toHaveTextContent('does not exist any more'));
    expect(within(banner).queryByTestId('unlock-password')).toBeNull();
    fake.setConnection({ state: 'offline', error: apiError('account-disabled') });
    await waitFor(() => expect(banner).toHaveTextContent('has disabled this account'));
    expect(messages().length).toBeGreaterThan(5);
  });
});

describe('settings', () => {
  test('change language and theme at once', async () => {
    const { user, fake } = await openTeam();
    await user.click(await screen.findByTestId('open-settings'));
    await user.click(screen.getByTestId('theme-dark'));
    expect(document.documentElement.dataset.theme).toBe('dark');
    await user.click(screen.getByTestId('language-zh-CN'));
    expect(screen.getAllByRole('heading', { name: '设置' })[0]).toBeVisible();
    expect(fake.shell.settings).toMatchObject({ language: 'zh-CN', theme: 'dark' });
  });

  test('sign out, keeping the messages unless told otherwise', async () => {
    const { user, fake } = await openTeam();
    await user.click(await screen.findByTestId('open-settings'));
    await user.click(screen.getByTestId('settings-account'));
    await user.click(screen.getByTestId('sign-out'));
    await user.click(screen.getByTestId('sign-out-submit'));
    expect(await screen.findByTestId('welcome-start')).toBeVisible();
    expect(fake.calls).toContainEqual({ type: 'sign-out', account: ACCOUNT, wipe: false });
  });
});

describe('notices', () => {
  const path = '/home/lina/cache.db.aside';

  test('name the path and go away when they were read', async () => {
    const { user, fake } = await openWindow((it) => {
      it.withTeam();
      it.overview.notices = [
        { type: 'cache-set-aside', account: ACCOUNT, path },
        { type: 'cache-from-newer-version', account: ACCOUNT, path },
        { type: 'secret-missing', account: ACCOUNT },
      ];
    });
    const bars = await screen.findAllByTestId('notice');
    expect(bars.map((bar) => bar.dataset.notice)).toEqual([
      'cache-set-aside',
      'cache-from-newer-version',
      'secret-missing',
    ]);
    expect(bars[0]).toHaveTextContent(path);
    expect(bars[1]).toHaveTextContent(path);
    while (screen.queryAllByTestId('notice').length > 0) {
      await user.click(screen.getAllByTestId('notice-dismiss')[0]!);
    }
    expect(screen.queryByTestId('notice')).toBeNull();
    expect(fake.countOf('dismiss-notices')).toBe(1);
  });
});

test('a profile that is open elsewhere is said, and nothing else is asked', async () => {
  const { fake } = await openWindow((it) => {
    it.withTeam();
    it.shell.fatal = apiError('profile-in-use', { path: '/home/lina/startalk' });
  });
  expect(await screen.findByRole('alert')).toHaveTextContent(
    'Startalk is already open with the data in /home/lina/startalk.',
  );
  expect(document.body).toHaveAttribute('data-ready', 'problem');
  expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
  expect(fake.calls).toEqual([]);
});

test('a window that cannot be filled says so', async () => {
  const { user } = await openWindow((fake) => {
    fake.withTeam();
    fake.failNext('overview', 'cache-failed');
  });
  expect(await screen.findByRole('alert')).toHaveTextContent('could not be read or saved');
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findAllByTestId('conversation-row')).toHaveLength(5);
});

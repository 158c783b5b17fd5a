import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import type { ErrorCode } from '../src/lib/rpc/generated/ErrorCode';
import { openWindow } from './window';

const LINK = 'startalk://join/#eyJkIjoidmFsbGV5';

/** The error shown at a field, found as a person does: in the field's own box. */
function problemAt(testid: string): string | undefined {
  const field = screen.getByTestId(testid).closest('.field');
  const problem = within(field as HTMLElement).queryByTestId('field-error');
  return problem?.textContent?.trim();
}

describe('welcome', () => {
  test('offers two ways, and says when it is on screen', async () => {
    const { fake } = await openWindow();
    expect(await screen.findByTestId('welcome-start')).toBeVisible();
    expect(screen.getByTestId('welcome-join')).toBeVisible();
    expect(document.body).toHaveAttribute('data-ready', 'welcome');
    await waitFor(() => expect(fake.commands).toContain('painted'));
    expect(performance.getEntriesByName('list-painted').length).toBeGreaterThan(0);
  });

  test('switches the language on the spot', async () => {
    const { user, fake } = await openWindow();
    await user.click(await screen.findByRole('button', { name: '中文' }));
    expect(screen.getByRole('heading', { name: '欢迎使用 Startalk' })).toBeVisible();
    expect(document.documentElement.lang).toBe('zh-CN');
    expect(fake.shell.settings.language).toBe('zh-CN');
  });
});

describe('starting a server', () => {
  async function openForm() {
    const opened = await openWindow();
    await opened.user.click(await screen.findByTestId('welcome-start'));
    await opened.user.type(screen.getByTestId('start-team'), '山谷设计');
    await opened.user.type(screen.getByTestId('start-name'), '李娜');
    await opened.user.type(screen.getByTestId('start-password'), 'correct horse');
    return opened;
  }

  test('leads to the main view with the strip of the server', async () => {
    const { user } = await openForm();
    await user.keyboard('{Enter}');
    const strip = await screen.findByTestId('server-strip');
    expect(strip).toHaveAttribute('data-state', 'running');
    expect(strip).toHaveTextContent('Running, 1 online');
    expect(document.body).toHaveAttribute('data-ready', 'main');
    expect(screen.getByRole('heading', { name: 'You are the first one here' })).toBeVisible();
  });

  test('opens Advanced for a port in use and puts the sentence there', async () => {
    const { user, fake } = await openForm();
    expect(screen.queryByTestId('start-port')).toBeNull();
    fake.failNext('serverCreate', 'port-in-use', { port: '5280' });
    await user.click(screen.getByTestId('start-submit'));
    expect(problemAt('start-port')).toContain('port 5280');
    expect(screen.getByTestId('start-port')).toHaveFocus();
    expect(screen.getByTestId('start-port')).toHaveAccessibleDescription(/port 5280/);
    expect(problemAt('start-password')).toBeUndefined();
  });

  test('puts a weak password at the password, and the sentence goes with the next key', async () => {
    const { user, fake } = await openForm();
    fake.failNext('serverCreate', 'password-too-weak', { limit: '8' });
    await user.click(screen.getByTestId('start-submit'));
    expect(problemAt('start-password')).toContain('at least 8 characters');
    await user.type(screen.getByTestId('start-password'), 'x');
    expect(problemAt('start-password')).toBeUndefined();
  });

  test('names the folder, and warns where there is no keyring', async () => {
    const { user } = await openWindow((fake) => {
      fake.overview.secrets = 'ask-each-time';
    });
    await user.click(await screen.findByTestId('welcome-start'));
    expect(screen.getByText(/\/home\/lina\/.local\/share\/startalk/)).toBeVisible();
    expect(screen.getByTestId('start-password')).toHaveAccessibleDescription(
      /no safe place for passwords/,
    );
  });

  test('shows the password on request', async () => {
    const { user } = await openForm();
    const password = screen.getByTestId('start-password');
    expect(password).toHaveAttribute('type', 'password');
    await user.click(screen.getByRole('button', { name: 'Show password' }));
    expect(password).toHaveAttribute('type', 'text');
    expect(password).toHaveValue('correct horse');
  });

  test('goes back', async () => {
    const { user } = await openForm();
    await user.click(screen.getByTestId('back'));
    expect(screen.getByTestId('welcome-join')).toBeVisible();
  });
});

describe('joining', () => {
  async function openForm(input: string) {
    const opened = await openWindow();
    await opened.user.click(await screen.findByTestId('welcome-join'));
    expect(screen.getByTestId('join-input')).toHaveFocus();
    await opened.user.click(screen.getByTestId('join-input'));
    await opened.user.paste(input);
    return opened;
  }

  test('shows who invites, then asks name and password', async () => {
    const { user } = await openForm(LINK);
    const card = await screen.findByTestId('join-preview');
    expect(card).toHaveTextContent('李娜 invites you');
    expect(card).toHaveTextContent('山谷设计 Valley Design');
    expect(card).toHaveTextContent('The link proves that this is the right server.');
    await user.type(screen.getByTestId('join-name'), '王伟');
    await user.type(screen.getByTestId('join-password'), 'pw');
    await user.click(screen.getByTestId('join-submit'));
    expect(await screen.findAllByTestId('conversation-row')).not.toHaveLength(0);
    expect(document.body).toHaveAttribute('data-ready', 'main');
  });

  test('with an address signs in by user name', async () => {
    await openForm('alice@chat.example');
    expect(await screen.findByTestId('join-preview')).toHaveTextContent('chat.example');
    expect(screen.getByLabelText('User name')).toHaveValue('alice');
    expect(screen.getByTestId('join-submit')).toHaveTextContent('Sign in');
    expect(screen.getByTestId('join-name')).not.toHaveAccessibleDescription();
  });

  test('says what the user name is where the address does not have it', async () => {
    await openForm('chat.example');
    expect(await screen.findByTestId('join-name')).toHaveAccessibleDescription(
      'The part of your address before the @. A computer that is signed in shows it in Settings › Account.',
    );
  });

  test('does not promise a check of the certificate after one has failed', async () => {
    const { user, fake } = await openForm('alice@chat.example');
    const card = await screen.findByTestId('join-preview');
    expect(card).toHaveTextContent('certificate is checked before your password is sent');
    await user.type(screen.getByTestId('join-password'), 'pw');
    fake.failNext('join', 'certificate-not-trusted');
    await user.click(screen.getByTestId('join-submit'));
    await waitFor(() => expect(problemAt('join-input')).toContain('cannot prove'));
    expect(card).not.toHaveTextContent('certificate');
    expect(card).toHaveTextContent('chat.example');
  });

  test('keeps the proof that comes with the link', async () => {
    const { user, fake } = await openForm(LINK);
    await user.type(await screen.findByTestId('join-name'), '王伟');
    await user.type(screen.getByTestId('join-password'), 'pw');
    fake.failNext('join', 'invite-not-valid');
    await user.click(screen.getByTestId('join-submit'));
    expect(problemAt('join-input')).toContain('expired');
    expect(screen.getByTestId('join-preview')).toHaveTextContent('The link proves');
  });

  test.each([
    ['startalk://x', 'incomplete'],
    ['nowhere.invalid', 'nowhere.invalid'],
    ['what is this', 'neither an invite link nor a server address'],
  ])('says below the field what is wrong with %s', async (input, words) => {
    await openForm(input);
    await waitFor(() => expect(problemAt('join-input')).toContain(words));
    expect(screen.queryByTestId('join-name')).toBeNull();
  });

  test('puts errors of the server at their fields', async () => {
    const { user, fake } = await openForm(LINK);
    await user.type(await screen.findByTestId('join-name'), '王伟');
    await user.type(screen.getByTestId('join-password'), 'pw');
    fake.failNext('join', 'name-taken');
    await user.click(screen.getByTestId('join-submit'));
    expect(problemAt('join-name')).toContain('already has this name');
    expect(screen.getByTestId('join-name')).toHaveFocus();
    fake.failNext('join', 'invite-not-valid');
    await user.click(screen.getByTestId('join-submit'));
    expect(problemAt('join-input')).toContain('expired or was already used');
    fake.failNext('join', 'internal');
    await user.click(screen.getByTestId('join-submit'));
    expect(await screen.findByTestId('form-error')).toHaveTextContent('Something went wrong');
  });
});

describe('unlocking', () => {
  const locked = () =>
    openWindow((fake) => {
      fake.overview.secrets = 'ask-each-time';
      fake.withTeam({ unlocked: false, connection: { state: 'offline', error: null } });
    });

  test('explains why it asks, says what is wrong, and opens', async () => {
    const { user } = await locked();
    expect(await screen.findByText(/no safe place for passwords/)).toBeVisible();
    expect(document.body).toHaveAttribute('data-ready', 'unlock');
    await user.type(screen.getByTestId('unlock-password'), 'wrong{Enter}');
    await waitFor(() =>
      expect(problemAt('unlock-password')).toBe('This is not the right password.'),
    );
    expect(screen.getByTestId('unlock-password')).toHaveFocus();
    await user.clear(screen.getByTestId('unlock-password'));
    await user.type(screen.getByTestId('unlock-password'), 'right{Enter}');
    expect(await screen.findAllByTestId('conversation-row')).toHaveLength(5);
  });

  const shut = (code: ErrorCode) =>
    openWindow((fake) => {
      const connection = { state: 'offline', error: apiError(code) } as const;
      fake.withTeam({ unlocked: false, connection });
    });

  test('of an account that waits for the keyring asks no password, and opens', async () => {
    const { user, fake } = await shut('keyring-unavailable');
    expect(await screen.findByText(/is locked or does not answer/)).toBeVisible();
    expect(screen.queryByTestId('unlock-password')).toBeNull();
    expect(document.body).not.toHaveTextContent('no safe place');
    fake.failNext('unlock', 'keyring-unavailable');
    await user.click(screen.getByTestId('unlock-again'));
    await waitFor(() => expect(screen.getByTestId('unlock-again')).toBeEnabled());
    await user.click(screen.getByTestId('unlock-again'));
    expect(await screen.findAllByTestId('conversation-row')).toHaveLength(5);
    expect(fake.calls).toContainEqual({ type: 'unlock', account: 'account-1', password: '' });
  });

  test('says why an account could not be opened, and shows it once it is', async () => {
    const { fake } = await shut('disk-full');
    expect(await screen.findByTestId('form-error')).toHaveTextContent('The disk is full');
    const [account] = fake.overview.accounts;
    Object.assign(account!, { unlocked: true, connection: { state: 'online' } });
    fake.emit({ type: 'accounts-changed' });
    expect(await screen.findAllByTestId('conversation-row')).toHaveLength(5);
  });

  test('has a way out for who forgot the password', async () => {
    const { user, fake } = await locked();
    await user.click(await screen.findByRole('button', { name: 'Sign out of this account…' }));
    await user.click(screen.getByTestId('sign-out-wipe'));
    await user.click(screen.getByTestId('sign-out-submit'));
    expect(await screen.findByTestId('welcome-start')).toBeVisible();
    expect(fake.calls).toContainEqual({ type: 'sign-out', account: 'account-1', wipe: true });
  });
});

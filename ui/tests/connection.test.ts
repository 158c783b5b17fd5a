import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { problems } from './accessible';
import { openWindow } from './window';

const KEY = 'bP0fB7DPyfEQ7Mk3nXfDGgPmKj2a5l0oYw9QWdEhRtU';

function anotherKey(fake: FakeRuntime) {
  const error = apiError('certificate-key-changed', {
    server: 'valley.local',
    subject: 'valley.local',
    issuer: 'Valley CA',
    'valid-until-ms': String(Date.UTC(2030, 5, 1)),
    fingerprint: KEY,
  });
  fake.withTeam({ connection: { state: 'offline', error } });
}

async function openSettings(page: string, prepare: (fake: FakeRuntime) => void) {
  const opened = await openWindow(prepare);
  await opened.user.click(await screen.findByTestId('open-settings'));
  await opened.user.click(screen.getByTestId(`settings-${page}`));
  return opened;
}

describe('U106: a server that does not prove itself', () => {
  test('is said at once, on one page: what, whose, and the key in groups', async () => {
    const { user, fake } = await openWindow(anotherKey);
    await user.click(await screen.findByTestId('certificate-show'));
    const page = within(screen.getByRole('dialog'));
    expect(page.getByTestId('certificate-page')).toHaveTextContent('another key');
    expect(page.getByTestId('certificate')).toHaveTextContent('Certificate for valley.local');
    expect(page.getByTestId('certificate')).toHaveTextContent('Issued by Valley CA');
    expect(page.getByTestId('certificate')).toHaveTextContent('Valid until');
    const groups = page.getByTestId('fingerprint').textContent.trim().split(/\s+/);
    expect(groups.join('')).toBe(KEY);
    expect(Math.max(...groups.map(({ length }) => length))).toBe(4);
    // The harmless way out comes first and has the focus.
    const [first] = page.getAllByRole('button').filter((button) => button.dataset.testid);
    expect(first).not.toBe(page.getByTestId('certificate-trust'));
    const buttons = page.getAllByRole('button').map(({ dataset }) => dataset.testid);
    expect(buttons.indexOf('certificate-not-now')).toBeLessThan(
      buttons.indexOf('certificate-trust'),
    );
    expect(page.getByTestId('certificate-not-now')).toHaveFocus();
    await user.click(page.getByTestId('certificate-not-now'));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(fake.countOf('connection')).toBe(0);
  });

  test('a key is trusted only after it was compared', async () => {
    const { user, fake } = await openWindow(anotherKey);
    await user.click(await screen.findByTestId('certificate-show'));
    expect(screen.getByTestId('certificate-trust')).toBeDisabled();
    await user.click(screen.getByTestId('certificate-compared'));
    await user.click(screen.getByTestId('certificate-trust'));
    await waitFor(() => expect(screen.queryByTestId('connection-banner')).toBeNull());
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(fake.calls).toContainEqual({
      type: 'connection',
      action: 'trust-key',
      account: 'account-1',
      fingerprint: KEY,
    });
  });

  test('another key than the one on the page is not trusted', async () => {
    const { user, fake } = await openWindow(anotherKey);
    await user.click(await screen.findByTestId('certificate-show'));
    await user.click(screen.getByTestId('certificate-compared'));
    fake.failNext('connection', 'certificate-key-changed');
    await user.click(screen.getByTestId('certificate-trust'));
    expect(await screen.findByRole('alert')).toHaveTextContent('another key');
    expect(screen.getByRole('dialog')).toBeVisible();
  });

  test('who joins is shown the same, and can trust nothing', async () => {
    const { user, fake } = await openWindow();
    await user.click(await screen.findByTestId('welcome-join'));
    await user.type(screen.getByTestId('join-input'), 'valley.local');
    await user.type(await screen.findByTestId('join-name'), 'lina');
    await user.type(screen.getByTestId('join-password'), 'secret');
    fake.failNext('join', 'certificate-not-trusted', { issuer: 'Firewall CA', fingerprint: KEY });
    await user.click(screen.getByTestId('join-submit'));
    await user.click(await screen.findByTestId('certificate-show'));
    expect(screen.getByTestId('certificate')).toHaveTextContent('Firewall CA');
    expect(screen.queryByTestId('certificate-trust')).toBeNull();
    expect(await problems(document.body)).toEqual([]);
  }, 60_000);
});

describe('U118: the check of the connection', () => {
  test('needs no account, shows each step, and ends in a code', async () => {
    const { user, fake } = await openWindow();
    await user.click(await screen.findByTestId('network-open'));
    await user.type(screen.getByTestId('check-input'), 'off.example{Enter}');
    expect(await screen.findByTestId('check-code')).toHaveTextContent('3-302-7');
    const states = () => screen.getAllByTestId('check-step').map(({ dataset }) => dataset.state);
    expect(states()).toEqual(['ok', 'ok', 'failed', 'not-tried', 'not-tried']);
    await user.clear(screen.getByTestId('check-input'));
    await user.type(screen.getByTestId('check-input'), 'valley.local{Enter}');
    await waitFor(() => expect(screen.getByTestId('check-code')).toHaveTextContent('0-000-0'));
    expect(new Set(states())).toEqual(new Set(['ok']));
    expect(fake.overview.accounts).toEqual([]);
    expect(await problems(document.body)).toEqual([]);
  }, 60_000);

  test('takes what was typed where one joins, and is copied without the link', async () => {
    const { user } = await openWindow();
    await user.click(await screen.findByTestId('welcome-join'));
    await user.type(screen.getByTestId('join-input'), 'off.example');
    await user.click(screen.getByTestId('network-open'));
    expect(screen.getByTestId('check-input')).toHaveValue('off.example');
    await user.click(screen.getByTestId('check-run'));
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await user.click(await screen.findByTestId('check-copy'));
    const text = write.mock.calls[0]![0];
    expect(text).toContain('Check: 3-302-7');
    expect(text).toContain('Problem: server-unreachable');
    // The proxy is set at the same place.
    await user.click(screen.getByTestId('proxy-none'));
    expect(await screen.findByTestId('proxy-saved')).toHaveTextContent('Saved');
  });
});

describe('the pages of the settings', () => {
  test('U69: way, time of an answer, certificate and last catching up', async () => {
    const { user, fake } = await openSettings('status', (fake) => fake.withTeam());
    const status = screen.getByTestId('status');
    await waitFor(() => expect(status).toHaveTextContent('Response time 23 ms'));
    expect(status).toHaveTextContent('Connection type TLS');
    expect(status).toHaveTextContent('Last synced');
    expect(screen.getByTestId('certificate')).toHaveTextContent('Valley Design, Office CA');
    expect(screen.getByTestId('diagnostics')).toHaveTextContent('Round trip: 23 ms');
    fake.connection.status = { ...fake.connection.status, round_trip_ms: 310 };
    await user.click(screen.getByTestId('status-measure'));
    await waitFor(() => expect(status).toHaveTextContent('310 ms'));
    await user.click(screen.getByTestId('status-check'));
    expect(screen.getByTestId('check-input')).toHaveValue('valley.local');
  });

  test('U69: when the next try is, said once', async () => {
    await openSettings('status', (fake) =>
      fake.withTeam({
        connection: {
          state: 'waiting',
          retry_at_ms: Date.now() + 20_000,
          error: apiError('server-unreachable'),
        },
      }),
    );
    expect(screen.getByTestId('status')).toHaveTextContent(/Next try in \d+ s/);
    expect(screen.getByTestId('status')).not.toHaveTextContent(/Next try.*Next try/);
  });

  test('U117: each value that is set, by whom, and the document that sets it', async () => {
    await openSettings('managed', (fake) => fake.withTeam());
    const rows = await screen.findAllByTestId('managed-value');
    const origins = Object.fromEntries(rows.map(({ dataset }) => [dataset.what, dataset.origin]));
    expect(origins).toMatchObject({
      'cache-days': 'navigation',
      'cache-bytes': 'default',
      keys: 'user',
      preview: 'navigation',
    });
    const row = rows.find(({ dataset }) => dataset.what === 'cache-days')!;
    expect(row).toHaveTextContent('90 days');
    expect(row).toHaveTextContent('Administrator');
    const source = screen.getByTestId('managed-source');
    expect(source).toHaveTextContent('https://valley.local/.well-known/startalk/navigation.json');
    expect(source).toHaveTextContent('K7QF-2MXA');
    expect(source).toHaveTextContent('September 14, 2026');
  });

  test('U84: what the administrator limits cannot be chosen', async () => {
    const { user, fake } = await openSettings('notifications', (fake) =>
      fake.withTeam({ preview_limit: 'name' }),
    );
    expect(screen.getByTestId('preview-text')).toBeDisabled();
    expect(screen.getByTestId('preview-name')).toBeChecked();
    expect(screen.getByTestId('preview-managed')).toHaveTextContent('administrator');
    await user.click(screen.getByTestId('preview-nothing'));
    expect(fake.shell.settings.notifications.preview).toBe('nothing');
  });
});

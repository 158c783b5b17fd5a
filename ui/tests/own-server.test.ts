import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import type { ConnectionView } from '../src/lib/rpc/generated/ConnectionView';
import { TEAM } from '../src/lib/runtime/fixtures';
import { openWindow } from './window';

const openHost = (people_online = 2, connection: ConnectionView = { state: 'online' }) =>
  openWindow((fake) => {
    fake.withTeam({ connection });
    fake.server = { state: 'running', team_name: TEAM, addresses: ['h:1'], people_online };
  });

const strip = () => screen.getByTestId('server-strip');

describe('the server of this computer', () => {
  test('is absent for guests', async () => {
    await openWindow((fake) => fake.withTeam());
    await screen.findAllByTestId('conversation-row');
    expect(screen.queryByTestId('server-strip')).toBeNull();
  });

  test('stops and starts', async () => {
    const { user } = await openHost(1);
    const stop = await screen.findByTestId('server-stop');
    expect(stop).toHaveTextContent(/^Stop$/);
    await user.click(stop);
    await waitFor(() => expect(strip()).toHaveAttribute('data-state', 'stopped'));
    await user.click(screen.getByTestId('server-start'));
    await waitFor(() => expect(strip()).toHaveAttribute('data-state', 'running'));
  });

  test('is not stopped under others before they were thought of', async () => {
    const { user, fake } = await openHost(2);
    const stop = await screen.findByTestId('server-stop');
    expect(stop).toHaveTextContent('Stop…');
    await user.click(stop);
    const dialog = screen.getByRole('dialog', { name: 'Stop the server?' });
    expect(dialog).toHaveTextContent('Nobody in the team can send or receive');
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    expect(fake.commands).not.toContain('serverStop');
    expect(stop).toHaveFocus();
    await user.click(stop);
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() => expect(strip()).toHaveAttribute('data-state', 'stopped'));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test('has one other there, too, where nobody here is connected', async () => {
    const { user, fake } = await openHost(1, { state: 'connecting' });
    await user.click(await screen.findByTestId('server-stop'));
    expect(screen.getByRole('dialog', { name: 'Stop the server?' })).toBeVisible();
    expect(fake.commands).not.toContain('serverStop');
  });

  test('is started from the banner, which promises no tries while it is stopped', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake } = await openHost(1);
    (await screen.findByTestId('server-stop')).click();
    await vi.advanceTimersByTimeAsync(3_000);
    const banner = screen.getByTestId('connection-banner');
    expect(banner).toHaveTextContent('The server on this computer is stopped.');
    expect(banner).not.toHaveTextContent('Next try');
    const [button, ...others] = within(banner).getAllByRole('button');
    expect(others).toEqual([]);
    expect(button).toHaveTextContent('Start server');
    fake.failNext('serverStart', 'port-in-use', { port: '5280' });
    button!.click();
    await vi.waitFor(() => expect(banner).toHaveTextContent('Another program uses port 5280.'));
    fake.setServer({ state: 'starting', team_name: TEAM });
    await vi.advanceTimersByTimeAsync(0);
    expect(button).toBeDisabled();
    expect(banner).toHaveTextContent('Starting the server…');
    fake.setServer({ state: 'stopped', team_name: TEAM, error: null });
    await vi.advanceTimersByTimeAsync(0);
    button!.click();
    await vi.waitFor(() => expect(screen.queryByTestId('connection-banner')).toBeNull());
    expect(strip()).toHaveAttribute('data-state', 'running');
  });

  test('says in place why it does not start', async () => {
    const { user, fake } = await openHost(1);
    await user.click(await screen.findByTestId('server-stop'));
    fake.failNext('serverStart', 'port-in-use', { port: '5280' });
    await user.click(await screen.findByTestId('server-start'));
    expect(await screen.findByTestId('server-error')).toHaveTextContent(
      'Another program uses port 5280. Close it, then start the server again.',
    );
  });

  test('gives an invitation: link, code, time', async () => {
    const { user } = await openHost();
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await user.click(await screen.findByTestId('server-invite'));
    const link = await screen.findByTestId<HTMLInputElement>('invite-link');
    expect(link.value).toMatch(/^startalk:/);
    expect(link).toHaveAttribute('readonly');
    const picture = screen.getByRole('img', { name: 'QR code of the invite link', hidden: true });
    expect(picture).toHaveAttribute('src', expect.stringMatching(/^data:image\/svg\+xml,%3Csvg/));
    expect(screen.getByRole('dialog')).toHaveTextContent(
      'installs Startalk, chooses “Join a team” and pastes this link',
    );
    await waitFor(() => expect(screen.getByTestId('invite-copy')).toHaveFocus());
    await user.keyboard('{Enter}');
    expect(write).toHaveBeenCalledWith(link.value);
    expect(screen.getByTestId('invite-copy')).toHaveTextContent('Copied');
    await user.click(screen.getByTestId('invite-close'));
    expect(screen.queryByTestId('invite-link')).toBeNull();
    expect(screen.getByTestId('server-invite')).toHaveFocus();
  });

  test('copies by selection where the clipboard is refused, or says how', async () => {
    const { user } = await openHost();
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('refused'));
    document.execCommand = vi.fn(() => false);
    await user.click(await screen.findByTestId('server-invite'));
    await user.click(await screen.findByTestId('invite-copy'));
    expect(document.execCommand).toHaveBeenCalledWith('copy');
    expect(await screen.findByText(/press Ctrl\+C/)).toBeVisible();
  });

  test('says why there is no invitation', async () => {
    const { user, fake } = await openHost();
    fake.failNext('serverInvite', 'internal');
    await user.click(await screen.findByTestId('server-invite'));
    expect(await screen.findByTestId('form-error')).toHaveTextContent('Something went wrong');
  });
});

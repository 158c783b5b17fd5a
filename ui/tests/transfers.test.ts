import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { sending } from '../src/lib/runtime/fixtures-messages';
import { problems } from './accessible';
import { openWindow, WANGWEI } from './window';

async function openSending() {
  let first = 0;
  const opened = await openWindow((fake) => {
    fake.withTeam().withFiles();
    fake.talks.get(WANGWEI)!.messages = [];
    const [moving, , , , failed] = fake.fill(WANGWEI, sending());
    first = moving!.id;
    fake.talks.get(WANGWEI)!.messages = [moving!, failed!];
    fake.transfers.begin(first, { done_bytes: 2_000_000, bytes_per_second: 1_000_000 });
  });
  await opened.app.session?.select(WANGWEI);
  const bubble = () =>
    within(document.querySelector<HTMLElement>(`[data-testid="message"][data-id="${first}"]`)!);
  await waitFor(() => expect(bubble().getByRole('progressbar')).toBeVisible());
  return { ...opened, first, bubble };
}

const words = (fake: FakeRuntime) => fake.talks.get(WANGWEI)!.messages.length;

describe('U70: files on their way in the window', () => {
  test('a message shows how far its file is and how fast, and stops and goes on', async () => {
    const { user, bubble, fake } = await openSending();
    const bar = () => bubble().getByRole('progressbar');
    expect(bar()).toHaveAccessibleName('Sending 报价 2024-06 第三版.pdf');
    expect(bar()).toHaveAttribute('aria-valuenow', '25');
    expect(bubble().getByTestId('transfer')).toHaveTextContent('2 MB of 8 MB · 1 MB/s');
    await user.click(bubble().getByTestId('transfer-pause'));
    await waitFor(() =>
      expect(bubble().getByTestId('transfer')).toHaveTextContent('Paused · 2 MB of 8 MB'),
    );
    await user.click(bubble().getByTestId('transfer-resume'));
    await waitFor(() => expect(bar()).toHaveAttribute('aria-valuenow', '0'));
    fake.transfers.advance(9_000_000);
    await waitFor(() => expect(bubble().queryByRole('progressbar')).toBeNull());
  });

  test('a message whose file is not to be sent is gone', async () => {
    const { user, bubble, fake, first } = await openSending();
    await user.click(bubble().getByTestId('transfer-cancel'));
    await waitFor(() => expect(document.querySelector(`[data-id="${first}"]`)).toBeNull());
    expect(words(fake)).toBe(1);
  });

  test('the list of all files shows the same, and tries again what was not sent', async () => {
    const { user, fake } = await openSending();
    await user.click(screen.getByTestId('open-files'));
    await waitFor(() => expect(screen.getAllByTestId('file-row')).toHaveLength(2));
    expect(screen.getByTestId('transfer')).toHaveTextContent('2 MB of 8 MB');
    expect(await problems(document.body)).toEqual([]);
    await user.click(screen.getByTestId('transfer-retry'));
    expect(fake.countOf('retry-message')).toBe(1);
    // Once it is there, the row says so by itself.
    fake.transfers.advance(9_000_000);
    await waitFor(() => expect(screen.queryByTestId('transfer')).toBeNull());
    await waitFor(() => expect(screen.getAllByTestId('transfer-retry')).toHaveLength(1));
  }, 60_000);
});

import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { i18n } from '../src/lib/i18n/i18n.svelte';
import PartStage from './PartStage.svelte';

let told = vi.spyOn(console, 'error');

beforeEach(() => {
  i18n.locale = 'en';
  told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

test('what cannot be drawn says so, leaves what is beside it, and is tried again', async () => {
  const { rerender } = render(PartStage, { place: 'a', broken: false });
  expect(screen.getByText('Drawn')).toBeVisible();
  await rerender({ broken: true });
  expect(screen.getByRole('alert')).toHaveTextContent('could not be shown');
  expect(screen.getByText('Beside it')).toBeVisible();
  expect(told).toHaveBeenCalledOnce();
  await rerender({ broken: false });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(screen.getByText('Drawn')).toBeVisible();
  expect(screen.queryByRole('alert')).toBeNull();
});

test('another place is tried by itself, the same is not', async () => {
  const { rerender } = render(PartStage, { place: 'a', broken: true });
  await rerender({ broken: false });
  expect(screen.getByRole('alert')).toBeVisible();
  await rerender({ place: 'b' });
  expect(await screen.findByText('Drawn')).toBeVisible();
  expect(screen.queryByRole('alert')).toBeNull();
});

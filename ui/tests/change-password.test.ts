import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { openWindow } from './window';

async function openDialog(prepare: Parameters<typeof openWindow>[0] = (fake) => fake.withTeam()) {
  const opened = await openWindow(prepare);
  const { user } = opened;
  await user.click(await screen.findByTestId('open-settings'));
  await user.click(screen.getByTestId('settings-account'));
  await user.click(screen.getByTestId('change-password'));
  const type = async (field: string, text: string) => {
    const input = screen.getByTestId(`password-${field}`);
    await user.clear(input);
    await user.type(input, text);
  };
  return { ...opened, type };
}

const codes = () => screen.queryAllByTestId('field-error').map((problem) => problem.dataset.code);

describe('changing the password', () => {
  test('U108: it is changed with Enter, and that is said', async () => {
    const { fake, type } = await openDialog();
    expect(screen.getByTestId('password-current')).toHaveFocus();
    await type('current', 'the old one');
    await type('new', 'quite a new one');
    await type('again', 'quite a new one{Enter}');
    await waitFor(() => expect(screen.queryByTestId('password-current')).toBeNull());
    expect(screen.getByTestId('password-changed')).toHaveTextContent('Your password is changed.');
    expect(fake.calls).toContainEqual({
      type: 'change-password',
      account: ACCOUNT,
      current: 'the old one',
      new: 'quite a new one',
    });
  });

  test('U108: what is missing or differs is said before anything is asked', async () => {
    const { user, fake, type } = await openDialog();
    await user.click(screen.getByTestId('password-submit'));
    expect(codes()).toEqual(['password.current-missing', 'form.password-missing']);
    await type('current', 'the old one');
    await type('new', 'the old one');
    await user.click(screen.getByTestId('password-submit'));
    expect(codes()).toEqual(['password.same']);
    await type('new', 'quite a new one');
    await type('again', 'quite another');
    await user.click(screen.getByTestId('password-submit'));
    expect(codes()).toEqual(['password.differs']);
    expect(fake.countOf('change-password')).toBe(0);
  });

  test('U108: each refusal stands where it belongs', async () => {
    const { user, fake, type } = await openDialog();
    await type('current', 'wrong');
    await type('new', 'quite a new one');
    await type('again', 'quite a new one{Enter}');
    await waitFor(() => expect(codes()).toEqual(['wrong-password']));
    await type('current', 'the old one');
    await type('new', 'short');
    await type('again', 'short{Enter}');
    await waitFor(() => expect(codes()).toEqual(['password-too-weak']));
    fake.failNext('change-password', 'timed-out');
    await user.click(screen.getByTestId('password-submit'));
    // Neither of the two can be called wrong then.
    await waitFor(() =>
      expect(screen.getByTestId('form-error')).toHaveTextContent('may have been changed or not'),
    );
    expect(screen.queryByTestId('password-changed')).toBeEmptyDOMElement();
  });

  test('U108: that this computer could not keep it is said', async () => {
    const { type } = await openDialog((fake) => {
      fake.withTeam();
      fake.devices.keepsPassword = false;
    });
    await type('current', 'the old one');
    await type('new', 'quite a new one');
    await type('again', 'quite a new one{Enter}');
    await waitFor(() =>
      expect(screen.getByTestId('password-changed')).toHaveTextContent('You will be asked for it'),
    );
  });

  test('U108: without a connection it is not offered, and why is said', async () => {
    const { user } = await openWindow((fake) =>
      fake.withTeam({ connection: { state: 'connecting' } }),
    );
    await user.click(await screen.findByTestId('open-settings'));
    await user.click(screen.getByTestId('settings-account'));
    expect(screen.getByTestId('change-password')).toBeDisabled();
    expect(screen.getByTestId('password-offline')).toBeVisible();
  });
});

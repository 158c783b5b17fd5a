import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { UpdateView } from '../src/lib/rpc/generated/UpdateView';
import { ANNA, openWindow } from './window';

const READY: UpdateView = { state: 'ready', version: '1.4.0' };

async function openWith(view: UpdateView) {
  const window = await openWindow((fake) => {
    fake.withTeam();
    fake.desktop.newVersion = view;
  });
  await waitFor(() => expect(window.app.updates.view).toEqual(view));
  return window;
}

describe('U120: new versions', () => {
  test('one that is ready is told, and installed when it is asked for', async () => {
    const { user, fake, app } = await openWith(READY);
    await app.session?.select(ANNA);
    const composer = await screen.findByTestId('composer');
    await user.type(composer, 'half a sentence');
    app.handle({ type: 'update-changed', update: READY });
    // It takes nothing from who is typing.
    expect(composer).toHaveFocus();
    expect(screen.getByTestId('update-bar')).toHaveTextContent('1.4.0');
    expect(fake.desktop.updates).toEqual([]);
    await user.click(screen.getByTestId('update-restart'));
    await waitFor(() => expect(fake.desktop.updates).toEqual(['install']));
    // What was typed is kept before the program ends.
    expect(fake.talks.get(ANNA)?.draft).toBe('half a sentence');
  });

  test('later is later, until there is another one', async () => {
    const { user, app } = await openWith(READY);
    await user.click(screen.getByTestId('update-later'));
    expect(screen.queryByTestId('update-bar')).toBeNull();
    app.handle({ type: 'update-changed', update: READY });
    expect(screen.queryByTestId('update-bar')).toBeNull();
    app.handle({ type: 'update-changed', update: { state: 'ready', version: '1.5.0' } });
    expect(await screen.findByTestId('update-bar')).toHaveTextContent('1.5.0');
  });

  test('where a package manager brings it, nothing is restarted', async () => {
    await openWith({ state: 'available', version: '1.4.0' });
    expect(await screen.findByTestId('update-bar')).toHaveTextContent('package manager');
    expect(screen.queryByTestId('update-restart')).toBeNull();
  });

  test.each([
    [{ state: 'off', why: 'policy' }, 'Your organisation takes care'],
    [{ state: 'off', why: 'not-built-in' }, 'does not check for new versions'],
    [{ state: 'none', checked_ms: null, failed: true }, 'did not succeed'],
    [{ state: 'held-back', version: '1.4.0' }, '1.4.0 is out. Your organisation has not'],
  ] as [UpdateView, string][])(
    'the page about the program says how it is: %j',
    async (view, text) => {
      const { user, fake } = await openWith(view);
      expect(screen.queryByTestId('update-bar')).toBeNull();
      await user.click(screen.getByTestId('open-settings'));
      await user.click(screen.getByTestId('settings-about'));
      expect(screen.getByTestId('update-state')).toHaveTextContent(text);
      const look = screen.queryByTestId('update-look');
      expect(look === null).toBe(view.state === 'off');
      if (!look) return;
      await user.click(look);
      expect(fake.desktop.updates).toEqual(['look']);
    },
  );
});

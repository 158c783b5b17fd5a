import { render } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import AppWindow from '../src/App.svelte';
import { Rpc } from '../src/lib/rpc/client';
import { FakeRuntime } from '../src/lib/runtime/fake';
import { App } from '../src/lib/state/app.svelte';

/** The whole window on a fake team, started. */
export async function openWindow(prepare: (fake: FakeRuntime) => void = () => undefined) {
  const fake = new FakeRuntime();
  prepare(fake);
  const app = new App(new Rpc(fake));
  const user = userEvent.setup();
  const screen = render(AppWindow, { props: { app } });
  await app.start();
  app.setFocused(true);
  return { fake, app, user, ...screen };
}

export const WANGWEI = 'wangwei@valley.local';
export const ANNA = 'anna@valley.local';
export const TOMAS = 'tomas@valley.local';

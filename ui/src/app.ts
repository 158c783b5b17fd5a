import { mount } from 'svelte';
import App from './App.svelte';
import { applySystem } from './lib/a11y/appearance';
import { Rpc } from './lib/rpc/client';
import type { Runtime } from './lib/runtime/runtime';
import { App as AppState } from './lib/state/app.svelte';
import './styles/tokens.css';
import './styles/base.css';

/** Puts the window together; the entry chose the runtime. */
export function open(runtime: Runtime): void {
  applySystem(navigator.platform);
  const app = new AppState(new Rpc(runtime));
  mount(App, { target: document.body, props: { app } });
  void app.start();
}

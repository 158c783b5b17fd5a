import { mount, unmount } from 'svelte';
import { expect, onTestFinished, vi } from 'vitest';
import AppWindow from '../../src/App.svelte';
import { Rpc } from '../../src/lib/rpc/client';
import { FakeRuntime } from '../../src/lib/runtime/fake';
import { App } from '../../src/lib/state/app.svelte';
import '../../src/styles/base.css';
import '../../src/styles/tokens.css';

export const WANGWEI = 'wangwei@valley.local';

/** The whole window in a real browser, with its first conversation open. */
export async function openWindow(prepare: (fake: FakeRuntime) => void) {
  const fake = new FakeRuntime();
  fake.shell.settings = { ...fake.shell.settings, language: 'en', theme: 'light' };
  prepare(fake);
  const app = new App(new Rpc(fake));
  const screen = mount(AppWindow, { target: document.body, props: { app } });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await unmount(screen);
    isOpen = false;
  };
  onTestFinished(close);
  await app.start();
  app.setFocused(true);
  const timeline = app.session?.timeline;
  if (!timeline) throw new Error('nothing is open');
  await vi.waitFor(() => expect(document.querySelector('.placed')).not.toBeNull());
  await frames();
  return { fake, app, timeline, close };
}

/** Until the page has drawn what it was told. */
export async function frames(count = 3): Promise<void> {
  for (let frame = 0; frame < count; frame += 1) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

export const viewport = () => document.querySelector<HTMLElement>('[data-testid="timeline"]')!;
export const rows = () => [...document.querySelectorAll<HTMLElement>('[data-testid="message"]')];
export const row = (id: number) =>
  document.querySelector<HTMLElement>(`[data-testid="message"][data-id="${id}"]`);

/** How far below the top of the view something is. */
export function topOf(element: Element): number {
  return element.getBoundingClientRect().top - viewport().getBoundingClientRect().top;
}

/** The first message that is wholly on screen. */
export function firstOnScreen(): HTMLElement {
  const found = rows().find((one) => topOf(one) >= 0);
  if (!found) throw new Error('nothing is on screen');
  return found;
}

/** Scrolls as a wheel does. */
export async function wheel(by: number): Promise<void> {
  viewport().scrollTop += by;
  await frames();
}

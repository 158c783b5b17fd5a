import '@testing-library/jest-dom/vitest';
import { i18n } from '../src/lib/i18n/i18n.svelte';
import { configure } from '@testing-library/svelte';
import { beforeEach, vi } from 'vitest';

// A machine that does much else is slow, not wrong.
vi.setConfig({ testTimeout: 30_000 });
configure({ asyncUtilTimeout: 8_000 });

// What jsdom lacks. The stand-ins do the least that the components need.
class NoResize implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResize;
globalThis.CSS ??= { escape: (text: string) => text } as typeof CSS;
globalThis.matchMedia ??= (media: string) =>
  ({
    media,
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }) as unknown as MediaQueryList;
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};

beforeEach(() => {
  i18n.locale = 'en';
  vi.useRealTimers();
  localStorage.clear();
  delete document.body.dataset.ready;
});

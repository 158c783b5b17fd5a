import '@testing-library/jest-dom/vitest';
import { configure } from '@testing-library/svelte';
import { i18n } from '../src/lib/i18n/i18n.svelte';
import { beforeEach, vi } from 'vitest';

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
Element.prototype.scrollIntoView ??= () => undefined;

// On a busy machine a window takes its time; who waits for something wants it, not speed.
configure({ asyncUtilTimeout: 10_000 });

beforeEach(() => {
  i18n.locale = 'en';
  vi.useRealTimers();
  localStorage.clear();
  delete document.body.dataset.ready;
});

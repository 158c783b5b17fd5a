import type { Locale } from '../i18n/keys';
import type { Theme } from '../rpc/generated/Theme';
import { cleanFont, type Density, type TextSize } from '../state/view-settings';

/** Tells the page its language, for voices and for the choice of Chinese glyphs. */
export function applyLocale(locale: Locale): void {
  document.documentElement.lang = locale;
}

/** Applies the theme and, for `system`, follows it; returns the stop function. */
export function applyTheme(theme: Theme): () => void {
  const root = document.documentElement;
  if (theme !== 'system') {
    root.dataset.theme = theme;
    return () => undefined;
  }
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => {
    root.dataset.theme = dark.matches ? 'dark' : 'light';
  };
  follow();
  dark.addEventListener('change', follow);
  return () => dark.removeEventListener('change', follow);
}

/** Tells the style sheets on which kind of system the page is, before anything is drawn. */
export function applySystem(platform: string): void {
  document.documentElement.dataset.system = platform.startsWith('Linux') ? 'linux' : 'other';
}

/** Whether the web view is WebKitGTK, and who reads the screen Orca. */
export function isLinux(): boolean {
  return document.documentElement.dataset.system === 'linux';
}

/** Writes in a font of the device where it is there, else in the usual ones. */
export function applyFont(font: string): void {
  const { style } = document.documentElement;
  const name = cleanFont(font).trim();
  if (name === '') style.removeProperty('--font-chosen');
  else style.setProperty('--font-chosen', `'${name}'`);
}

/** Row heights and the size of text, which the style sheets read from the page. */
export function applySizes(density: Density, textSize: TextSize): void {
  const root = document.documentElement;
  root.dataset.density = density;
  root.dataset.text = textSize;
}

import { i18n } from '../i18n/i18n.svelte';
import { isLinux } from './appearance';

/**
 * What a list offers to a field with the focus is pointed to by `aria-activedescendant`
 * (WAI-ARIA 1.2, section 6.6), as the id of the option.
 *
 * Not on Linux: Orca with WebKitGTK takes what is pointed to for what has the focus, and
 * as that is no field, takes the letters that are typed next for its own commands: of
 * "wang" there came "wng", and "No more clickables" was said. So it is with an option
 * that becomes the selected one. There the option is said as what comes by itself is
 * (`ActiveOption.svelte`), and nothing else is told of it.
 */
export function pointedTo(option: string | undefined): string | undefined {
  return isLinux() ? undefined : option;
}

/** `aria-selected` of such an option. */
export function selectedState(selected: boolean): boolean | undefined {
  return isLinux() ? undefined : selected;
}

/** The parts of an option that are there, as they are said. */
export function optionWords(...parts: readonly (string | false | undefined)[]): string {
  const there = parts.filter((part) => part !== undefined && part !== false && part !== '');
  return there.join(i18n.t('a11y.comma'));
}

/** `aria-haspopup` of a button with a menu, which WebKitGTK makes a combo box of. */
export function menuPopup(): 'menu' | undefined {
  return isLinux() ? undefined : 'menu';
}

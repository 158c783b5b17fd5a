import type { ShellInfo } from '../rpc/generated/ShellInfo';
import { USUAL_SETTINGS } from './usual-settings';
import { NO_LOCK } from './window-lock.svelte';

/** What is taken for true of the program around the window until it has told. */
export const NO_SHELL: ShellInfo = {
  version: '',
  platform: '',
  system_locale: 'en',
  home: '',
  default_port: 0,
  start_link: null,
  settings: USUAL_SETTINGS,
  tray: false,
  read_aloud: false,
  lock: NO_LOCK,
  fatal: null,
};

import type { Settings } from '../rpc/generated/Settings';

/** What holds as long as nobody has chosen otherwise. */
export const USUAL_SETTINGS: Settings = {
  language: 'system',
  theme: 'system',
  desktop: {
    close_to_tray: true,
    start_at_login: false,
    show_shortcut: 'Ctrl+Alt+Z',
    flash: true,
    lock_after_minutes: null,
  },
  notifications: {
    enabled: true,
    preview: 'text',
    sound: true,
    mentions_pass: false,
    quiet_until_ms: null,
    quiet_hours: null,
    accounts: {},
  },
};

import { matchName } from '../text/pinyin';

export type SettingsPage =
  | 'appearance'
  | 'notifications'
  | 'desktop'
  | 'chats'
  | 'account'
  | 'lock'
  | 'devices'
  | 'storage'
  | 'proxy'
  | 'managed'
  | 'status'
  | 'about';

export const SETTINGS_PAGES: readonly SettingsPage[] = [
  'appearance',
  'notifications',
  'desktop',
  'chats',
  'account',
  'lock',
  'devices',
  'storage',
  'status',
  'proxy',
  'managed',
  'about',
];

/** Which page of the settings is shown, or what is looked for in all of them. */
export class SettingsView {
  page = $state<SettingsPage>('appearance');
  query = $state('');

  get searching(): boolean {
    return this.query.trim() !== '';
  }

  /** Whether a setting with these words is to be seen. */
  shows(words: readonly string[]): boolean {
    return !this.searching || words.some((text) => matchName(text, this.query) !== null);
  }
}

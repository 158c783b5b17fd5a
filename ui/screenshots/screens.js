/**
 * Every screen worth looking at. A screen is a scene of the made-up team
 * (`src/lib/runtime/scenes.ts`) and what is done in it: `click` and `menu` (the
 * right button) take a test id, or CSS when it holds `[` or a space; `keys` are
 * pressed; `fill` types into a field. Each step waits until its element is there.
 * At the end `shows` has to be on the screen.
 *
 * @typedef {{ click: string } | { menu: string } | { keys: string }
 *   | { fill: string, text: string } | { hover: string }} Step
 * @typedef {{ name: string, scene?: string, steps?: Step[], shows: string }} Screen
 */

const open = (section) => ({ click: `open-${section}` });
const row = (who) => ({ click: `[data-conversation="${who}"]` });
const ANNA = 'anna@valley.local';
// The first room that the fake service has made.
const ROOM = '1x7k@conference.valley.local';
const DESIGN = 'design@conference.valley.local';

/** @param {string} page */
const settings = (page) => ({
  name: `settings-${page}`,
  steps: [open('settings'), { click: `settings-${page}` }],
  shows: 'settings',
});

/** @type {Screen[]} */
export const screens = [
  { name: 'welcome', scene: 'welcome', shows: 'welcome-start' },
  { name: 'start', scene: 'welcome', steps: [{ click: 'welcome-start' }], shows: 'start-submit' },
  {
    name: 'start-advanced',
    scene: 'welcome',
    steps: [{ click: 'welcome-start' }, { click: 'start-advanced' }],
    shows: 'start-submit',
  },
  { name: 'join', scene: 'welcome', steps: [{ click: 'welcome-join' }], shows: 'join-submit' },
  { name: 'unlock', scene: 'unlock', shows: 'unlock-submit' },
  { name: 'fatal', scene: 'fatal', shows: 'problem' },
  { name: 'alone', scene: 'alone', shows: 'main' },
  { name: 'list', shows: 'conversation-row' },
  { name: 'rows', scene: 'rows', shows: 'conversation-row' },
  { name: 'row-menu', steps: [{ menu: 'conversation-row' }], shows: '[role="menu"]' },
  { name: 'account-menu', steps: [{ click: 'account-menu' }], shows: '[role="menu"]' },
  { name: 'conversation', steps: [row(ANNA)], shows: 'message' },
  { name: 'messages', scene: 'sorts', steps: [row(ANNA)], shows: 'message' },
  {
    name: 'messages-missed',
    scene: 'missed',
    steps: [row('wangwei@valley.local')],
    shows: 'message',
  },
  { name: 'message-menu', steps: [row(ANNA), { menu: 'message-text' }], shows: '[role="menu"]' },
  {
    name: 'message-toolbar',
    steps: [row(ANNA), { hover: 'message-text' }],
    shows: 'message-react',
  },
  {
    name: 'viewer',
    scene: 'sorts',
    steps: [row(ANNA), { click: 'message-picture' }],
    shows: 'viewer',
  },
  { name: 'emoji', steps: [row(ANNA), { click: 'emoji-open' }], shows: 'emoji' },
  {
    name: 'mention',
    steps: [row(ROOM), { fill: 'composer', text: '@' }],
    shows: 'completion',
  },
  { name: 'room', scene: 'room', steps: [row(DESIGN)], shows: 'message' },
  {
    name: 'room-notice',
    scene: 'room',
    steps: [row(DESIGN), { click: 'room-notice-readers' }],
    shows: 'notice-closed',
  },
  {
    name: 'room-details',
    steps: [row(ROOM), { click: 'toggle-details' }],
    shows: 'members',
  },
  { name: 'update', scene: 'update', shows: 'update-bar' },
  { name: 'new-room', steps: [{ keys: 'Control+Shift+N' }], shows: 'new-room' },
  { name: 'person-details', steps: [row(ANNA), { click: 'toggle-details' }], shows: 'profile' },
  {
    name: 'conversation-files',
    scene: 'sorts',
    steps: [row(ANNA), { click: 'files-open' }],
    shows: 'files-panel',
  },
  { name: 'find-here', steps: [row(ANNA), { keys: 'Control+F' }], shows: 'find-bar' },
  { name: 'contacts', steps: [open('contacts')], shows: 'contacts-side' },
  {
    name: 'contact',
    steps: [open('contacts'), { click: 'person-row' }],
    shows: 'profile',
  },
  { name: 'files', scene: 'sorts', steps: [open('files')], shows: 'files' },
  { name: 'search', steps: [open('search')], shows: 'search-hints' },
  {
    name: 'search-hits',
    steps: [{ keys: 'Control+Shift+F' }, { fill: 'search-input', text: '首页' }],
    shows: 'search-hit',
  },
  { name: 'switcher', steps: [{ keys: 'Control+K' }], shows: 'switcher' },
  { name: 'shortcuts', steps: [{ keys: 'Control+/' }], shows: 'shortcut' },
  { name: 'invite', steps: [{ click: 'server-invite' }], shows: 'invite-link' },
  { name: 'offline', scene: 'offline', shows: 'connection-banner' },
  { name: 'password', scene: 'password', shows: 'connection-banner' },
  { name: 'notices', scene: 'notices', shows: 'notice' },
  settings('appearance'),
  settings('notifications'),
  settings('desktop'),
  settings('chats'),
  settings('account'),
  settings('lock'),
  settings('devices'),
  settings('storage'),
  settings('status'),
  settings('proxy'),
  settings('managed'),
  settings('about'),
];

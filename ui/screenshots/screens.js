/**
 * Every screen worth looking at. A screen is a scene of the made-up team
 * (`src/lib/runtime/scenes.ts`) and what is done in it: `click` and `menu` (the
 * right button) take a test id, or CSS when it holds `[` or a space; `keys` are
 * pressed; `fill` types into a field, `paste` pastes; `choose` gives a picture and a
 * document to a field for files. Each step waits until its element is there.
 * At the end `shows` has to be on the screen.
 *
 * @typedef {{ click: string } | { menu: string } | { keys: string }
 *   | { fill: string, text: string } | { paste: string, text: string }
 *   | { choose: string } | { hover: string }} Step
 * @typedef {{ name: string, scene?: string, steps?: Step[], shows: string }} Screen
 */

const open = (section) => ({ click: `open-${section}` });
const row = (who) => ({ click: `[data-conversation="${who}"]` });
const WANGWEI = 'wangwei@valley.local';
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
  { name: 'welcome-back', scene: 'returning', shows: 'welcome-start' },
  {
    name: 'start-back',
    scene: 'returning',
    steps: [{ click: 'welcome-start' }],
    shows: 'start-submit',
  },
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
    steps: [row(WANGWEI)],
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
  { name: 'list-filter', steps: [{ click: 'list-filter' }], shows: '[role="menu"]' },
  {
    name: 'empty-mentions',
    steps: [{ click: 'list-filter' }, { click: 'menu-filter-mentions' }],
    shows: 'empty-list',
  },
  {
    name: 'reply',
    steps: [row(ANNA), { menu: 'message-text' }, { click: 'menu-reply' }],
    shows: 'reply-bar',
  },
  {
    name: 'select',
    scene: 'sorts',
    steps: [row(ANNA), { menu: 'message-text' }, { click: 'menu-select' }],
    shows: 'selection-bar',
  },
  {
    name: 'forward',
    steps: [row(ANNA), { menu: 'message-text' }, { click: 'menu-forward' }],
    shows: 'forward-to',
  },
  {
    name: 'message-details',
    scene: 'room',
    steps: [row(DESIGN), { menu: '[data-direction="outgoing"]' }, { click: 'menu-details' }],
    shows: 'message-details',
  },
  { name: 'sending', scene: 'sending', steps: [row(WANGWEI)], shows: 'transfer' },
  {
    name: 'paste-lines',
    steps: [row(ANNA), { paste: 'composer', text: 'line\n'.repeat(7) }],
    shows: 'paste-bar',
  },
  {
    name: 'send-files',
    steps: [row(ANNA), { choose: 'attach-input' }],
    shows: 'send-files',
  },
  { name: 'voice', steps: [row(ANNA), { click: 'voice-record' }], shows: 'voice-bar' },
  {
    name: 'screenshot-editor',
    steps: [row(ANNA), { click: 'screenshot-take' }],
    shows: 'screenshot-stage',
  },
  { name: 'calendar', steps: [row(WANGWEI), { click: 'calendar-open' }], shows: 'calendar' },
  {
    name: 'link-doubt',
    scene: 'sorts',
    steps: [row(ANNA), { click: 'a[href*="evil"]' }],
    shows: 'link-open',
  },
  {
    name: 'own-profile',
    steps: [{ click: 'account-menu' }, { click: 'menu-edit-profile' }],
    shows: 'own-profile',
  },
  {
    name: 'contacts-menu',
    steps: [open('contacts'), { click: 'contacts-menu' }],
    shows: '[role="menu"]',
  },
  {
    name: 'add-contact',
    steps: [open('contacts'), { click: 'contacts-menu' }, { click: 'menu-add-contact' }],
    shows: 'contact-submit',
  },
  {
    name: 'requests',
    steps: [open('contacts'), { click: 'contacts-requests' }],
    shows: 'contact-request',
  },
  {
    name: 'room-list',
    steps: [open('contacts'), { click: 'contacts-rooms' }],
    shows: 'found-room',
  },
  {
    name: 'directory',
    steps: [
      open('contacts'),
      { click: 'contacts-directory' },
      { fill: 'directory-fn', text: '张' },
      { keys: 'Enter' },
    ],
    shows: 'directory-entry',
  },
  {
    name: 'blocked',
    steps: [open('contacts'), { click: 'contacts-menu' }, { click: 'menu-blocked' }],
    shows: 'contacts-side',
  },
  {
    name: 'new-room-name',
    steps: [
      { keys: 'Control+Shift+N' },
      { click: 'picker-option' },
      { click: '[data-testid="picker-option"][aria-posinset="2"]' },
      { click: 'new-room-next' },
    ],
    shows: 'new-room-create',
  },
  {
    name: 'room-settings',
    steps: [row(ROOM), { click: 'toggle-details' }, { click: 'room-configure' }],
    shows: 'room-settings',
  },
  {
    name: 'room-invite',
    steps: [row(ROOM), { click: 'toggle-details' }, { click: 'room-invite' }],
    shows: 'invite-submit',
  },
  {
    name: 'member-menu',
    steps: [row(ROOM), { click: 'toggle-details' }, { click: 'member-menu' }],
    shows: '[role="menu"]',
  },
  {
    name: 'leave-room',
    steps: [row(ROOM), { click: 'toggle-details' }, { click: 'room-leave' }],
    shows: 'confirm-submit',
  },
  {
    name: 'search-filter',
    steps: [open('search'), { click: 'search-filter-date' }],
    shows: '[role="menu"]',
  },
  {
    name: 'switcher-found',
    steps: [{ keys: 'Control+K' }, { fill: 'switcher-input', text: 'wang' }],
    shows: 'switcher-entry',
  },
  {
    name: 'certificate',
    scene: 'certificate',
    steps: [{ click: 'certificate-show' }],
    shows: 'certificate',
  },
  {
    name: 'key-changed',
    scene: 'key',
    steps: [{ click: 'certificate-show' }],
    shows: 'certificate',
  },
  { name: 'expired', scene: 'expired', shows: 'connection-banner' },
  { name: 'removed', scene: 'removed', shows: 'connection-banner' },
  {
    name: 'check',
    scene: 'welcome',
    steps: [
      { click: 'welcome-join' },
      { click: 'network-open' },
      { fill: 'check-input', text: 'chat.valley.example' },
      { click: 'check-run' },
    ],
    shows: 'check-code',
  },
  {
    name: 'join-found',
    scene: 'welcome',
    steps: [
      { click: 'welcome-join' },
      { fill: 'join-input', text: 'chat.valley.example' },
      { click: 'join-submit' },
    ],
    shows: 'join-password',
  },
  {
    name: 'sign-out',
    steps: [open('settings'), { click: 'settings-account' }, { click: 'sign-out' }],
    shows: 'sign-out-submit',
  },
  {
    name: 'lock-choose',
    steps: [open('settings'), { click: 'settings-lock' }, { click: 'lock-choose' }],
    shows: 'lock-choose-submit',
  },
  settings('appearance'),
  settings('notifications'),
  {
    name: 'settings-quiet',
    steps: [open('settings'), { click: 'settings-notifications' }, { click: 'setting-quiet' }],
    shows: 'quiet-day-0',
  },
  {
    name: 'settings-notifications-two',
    scene: 'two',
    steps: [
      open('settings'),
      { click: 'settings-notifications' },
      { hover: 'rules-own-account-2' },
    ],
    shows: 'rules-own-account-2',
  },
  {
    name: 'settings-lock-system',
    scene: 'two',
    steps: [open('settings'), { click: 'settings-lock' }],
    shows: 'settings',
  },
  settings('desktop'),
  settings('chats'),
  settings('account'),
  {
    name: 'change-password',
    steps: [
      open('settings'),
      { click: 'settings-account' },
      { click: 'change-password' },
      { fill: 'password-new', text: 'short' },
      { click: 'password-submit' },
    ],
    shows: 'field-error',
  },
  settings('lock'),
  settings('devices'),
  settings('storage'),
  settings('status'),
  settings('proxy'),
  settings('managed'),
  settings('about'),
];

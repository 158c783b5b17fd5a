import type { MessageKey } from '../i18n/keys';

/** What a key combination does anywhere in the main view. */
export type Action =
  | 'switcher'
  | 'previous-conversation'
  | 'next-conversation'
  | 'previous-unread'
  | 'next-unread'
  | 'back'
  | 'forward'
  | 'cycle'
  | 'cycle-back'
  | 'pinned'
  | 'previous-account'
  | 'next-account'
  | 'find-here'
  | 'find-everywhere'
  | 'pick-day'
  | 'write'
  | 'mark-all-read'
  | 'mentions'
  | 'unread'
  | 'details'
  | 'new-room'
  | 'settings'
  | 'shortcuts'
  | 'lock'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-reset';

/** A combination as it is pressed. */
export interface Combination {
  /** As in `KeyboardEvent.key`, letters small. */
  key: string;
  /** Ctrl, on macOS ⌘. */
  command?: boolean;
  /** Ctrl on macOS too. */
  control?: boolean;
  alt?: boolean;
  shift?: boolean;
}

export interface Shortcut {
  action: Action;
  /** The first one is shown. */
  keys: readonly Combination[];
  /** Where macOS has other ones. */
  mac?: readonly Combination[];
  label: MessageKey;
}

export interface ShortcutGroup {
  title: MessageKey;
  shortcuts: readonly Shortcut[];
}

/** All of them, as the list of shortcuts shows them. */
export const shortcutGroups: readonly ShortcutGroup[] = [
  {
    title: 'shortcuts.moving',
    shortcuts: [
      {
        action: 'switcher',
        keys: [
          { key: 'k', command: true },
          { key: 't', command: true },
          { key: 'n', command: true },
        ],
        label: 'shortcuts.switcher',
      },
      {
        action: 'new-room',
        keys: [{ key: 'n', command: true, shift: true }],
        label: 'rooms.new',
      },
      {
        action: 'previous-conversation',
        keys: [{ key: 'ArrowUp', alt: true }],
        label: 'shortcuts.previous-conversation',
      },
      {
        action: 'next-conversation',
        keys: [{ key: 'ArrowDown', alt: true }],
        label: 'shortcuts.next-conversation',
      },
      {
        action: 'previous-unread',
        keys: [{ key: 'ArrowUp', alt: true, shift: true }],
        label: 'shortcuts.previous-unread',
      },
      {
        action: 'next-unread',
        keys: [{ key: 'ArrowDown', alt: true, shift: true }],
        label: 'shortcuts.next-unread',
      },
      {
        action: 'back',
        keys: [{ key: 'ArrowLeft', alt: true }],
        mac: [{ key: '[', command: true }],
        label: 'shortcuts.back',
      },
      {
        action: 'forward',
        keys: [{ key: 'ArrowRight', alt: true }],
        mac: [{ key: ']', command: true }],
        label: 'shortcuts.forward',
      },
      { action: 'cycle', keys: [{ key: 'Tab', control: true }], label: 'shortcuts.cycle' },
      {
        action: 'cycle-back',
        keys: [{ key: 'Tab', control: true, shift: true }],
        label: 'shortcuts.cycle-back',
      },
      {
        action: 'pinned',
        keys: '123456789'.split('').map((key) => ({ key, command: true })),
        label: 'shortcuts.pinned',
      },
      {
        action: 'previous-account',
        keys: [{ key: 'PageUp', command: true, alt: true }],
        label: 'shortcuts.previous-account',
      },
      {
        action: 'next-account',
        keys: [{ key: 'PageDown', command: true, alt: true }],
        label: 'shortcuts.next-account',
      },
    ],
  },
  {
    title: 'shortcuts.finding',
    shortcuts: [
      {
        action: 'find-here',
        keys: [{ key: 'f', command: true }],
        label: 'shortcuts.find-here',
      },
      {
        action: 'pick-day',
        keys: [{ key: 'd', command: true, shift: true }],
        label: 'calendar.title',
      },
      {
        action: 'find-everywhere',
        keys: [{ key: 'f', command: true, shift: true }],
        label: 'shortcuts.find-everywhere',
      },
      {
        action: 'mentions',
        keys: [{ key: 'm', command: true, shift: true }],
        label: 'shortcuts.mentions',
      },
      {
        action: 'unread',
        keys: [{ key: 'u', command: true, shift: true }],
        label: 'shortcuts.unread',
      },
    ],
  },
  {
    title: 'shortcuts.conversation',
    shortcuts: [
      { action: 'write', keys: [{ key: 'm', command: true }], label: 'shortcuts.write' },
      {
        action: 'mark-all-read',
        keys: [{ key: 'Escape', shift: true }],
        label: 'shortcuts.mark-all-read',
      },
      {
        action: 'details',
        keys: [{ key: 'i', command: true, alt: true }],
        label: 'shortcuts.details',
      },
    ],
  },
  {
    title: 'shortcuts.window',
    shortcuts: [
      { action: 'settings', keys: [{ key: ',', command: true }], label: 'shortcuts.settings' },
      {
        action: 'shortcuts',
        // On some keyboards the stroke is above a digit.
        keys: [
          { key: '/', command: true },
          { key: '/', command: true, shift: true },
        ],
        label: 'shortcuts.shortcuts',
      },
      {
        action: 'lock',
        keys: [{ key: 'l', command: true, shift: true }],
        label: 'shortcuts.lock',
      },
      {
        action: 'zoom-in',
        keys: [
          { key: '+', command: true },
          { key: '=', command: true },
          { key: '+', command: true, shift: true },
        ],
        label: 'shortcuts.zoom-in',
      },
      { action: 'zoom-out', keys: [{ key: '-', command: true }], label: 'shortcuts.zoom-out' },
      {
        action: 'zoom-reset',
        keys: [{ key: '0', command: true }],
        label: 'shortcuts.zoom-reset',
      },
    ],
  },
];

const all = shortcutGroups.flatMap(({ shortcuts }) => shortcuts);

type Pressed = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'isComposing'
>;

/** The action for a key event; keys of an input method are its own. */
export function actionFor(event: Pressed, mac: boolean): Action | undefined {
  if (event.isComposing) return undefined;
  return all.find((shortcut) =>
    combinations(shortcut, mac).some((combination) => fits(combination, event, mac)),
  )?.action;
}

/** What is pressed for it on this system. */
export function combinations(
  shortcut: Pick<Shortcut, 'keys' | 'mac'>,
  mac: boolean,
): readonly Combination[] {
  return (mac ? shortcut.mac : undefined) ?? shortcut.keys;
}

function fits(wanted: Combination, event: Pressed, mac: boolean): boolean {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const control = wanted.control === true || (wanted.command === true && !mac);
  const meta = wanted.command === true && mac;
  return (
    wanted.key === key &&
    control === event.ctrlKey &&
    meta === event.metaKey &&
    (wanted.alt ?? false) === event.altKey &&
    (wanted.shift ?? false) === event.shiftKey
  );
}

/** Whether the key starts a text, so that it may go to the composer from anywhere. */
export function startsText(event: Pressed): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  // The space bar presses the button that has the focus.
  return event.key === 'Process' || ([...event.key].length === 1 && event.key !== ' ');
}

const symbols: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  PageUp: 'Page Up',
  PageDown: 'Page Down',
};

/** The keys of a combination as they are written on keyboards. */
export function keyNames({ key, command, control, alt, shift }: Combination, mac: boolean) {
  const name = symbols[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  const names: string[] = [];
  if (control || (command && !mac)) names.push(mac ? '⌃' : 'Ctrl');
  if (alt) names.push(mac ? '⌥' : 'Alt');
  if (shift) names.push(mac ? '⇧' : 'Shift');
  if (command && mac) names.push('⌘');
  return [...names, name];
}

import type { MessageKey } from '../i18n/keys';
import type { Combination } from './shortcuts';

/** Keys that mean something only where the focus is: the conversation has them itself. */
export interface PaneShortcut {
  action: string;
  keys: readonly Combination[];
  /** Where macOS has other ones. */
  mac?: readonly Combination[];
  label: MessageKey;
}

/** Those of the messages and of the field below them, for the list of shortcuts. */
export const paneShortcuts: readonly PaneShortcut[] = [
  { action: 'edit-last', keys: [{ key: 'ArrowUp' }], label: 'shortcuts.edit-last' },
  {
    action: 'into-messages',
    keys: [{ key: 'ArrowUp', control: true }],
    // With Control alone the system shows all windows.
    mac: [{ key: 'ArrowUp', command: true, alt: true }],
    label: 'shortcuts.into-messages',
  },
  { action: 'step', keys: [{ key: 'ArrowUp' }, { key: 'ArrowDown' }], label: 'shortcuts.step' },
  { action: 'reply', keys: [{ key: 'Enter' }], label: 'shortcuts.reply' },
  { action: 'copy', keys: [{ key: 'c', command: true }], label: 'shortcuts.copy' },
  {
    action: 'send-file',
    keys: [{ key: 'u', command: true }],
    label: 'shortcuts.send-file',
  },
  { action: 'latest', keys: [{ key: 'End' }], label: 'shortcuts.latest' },
  {
    action: 'react-last',
    keys: [{ key: '\\', command: true, shift: true }],
    label: 'shortcuts.react-last',
  },
  { action: 'bold', keys: [{ key: 'b', command: true }], label: 'shortcuts.bold' },
  { action: 'italic', keys: [{ key: 'i', command: true }], label: 'shortcuts.italic' },
  { action: 'code', keys: [{ key: 'e', command: true }], label: 'shortcuts.code' },
  { action: 'link', keys: [{ key: 'k', command: true, alt: true }], label: 'shortcuts.link' },
  { action: 'up', keys: [{ key: 'Escape' }], label: 'shortcuts.up' },
  { action: 'unread-from', keys: [{ key: 'Click', alt: true }], label: 'action.unread' },
  { action: 'mark-read', keys: [{ key: 'Escape' }], label: 'shortcuts.mark-read' },
];

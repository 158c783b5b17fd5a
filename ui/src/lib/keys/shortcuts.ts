/** What a key combination does anywhere in the main view. */
export type Action = 'previous-conversation' | 'next-conversation' | 'filter' | 'settings';

interface Shortcut {
  action: Action;
  key: string;
  /** Ctrl, on macOS ⌘. */
  command?: boolean;
  alt?: boolean;
}

export const shortcuts: readonly Shortcut[] = [
  { action: 'previous-conversation', key: 'ArrowUp', alt: true },
  { action: 'next-conversation', key: 'ArrowDown', alt: true },
  { action: 'filter', key: 'k', command: true },
  { action: 'filter', key: 't', command: true },
  { action: 'settings', key: ',', command: true },
];

type Pressed = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'isComposing'
>;

/** The action for a key event; keys of an input method are its own. */
export function actionFor(event: Pressed, mac: boolean): Action | undefined {
  if (event.isComposing || event.shiftKey) return undefined;
  const command = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  if (other) return undefined;
  return shortcuts.find(
    (shortcut) =>
      shortcut.key === (event.key.length === 1 ? event.key.toLowerCase() : event.key) &&
      (shortcut.command ?? false) === command &&
      (shortcut.alt ?? false) === event.altKey,
  )?.action;
}

/** Whether the key starts a text, so that it may go to the composer from anywhere. */
export function startsText(event: Pressed): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  // The space bar presses the button that has the focus.
  return event.key === 'Process' || ([...event.key].length === 1 && event.key !== ' ');
}

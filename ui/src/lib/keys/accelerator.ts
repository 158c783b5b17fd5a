type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

const signs: Record<string, string> = { Ctrl: '⌃', Alt: '⌥', Shift: '⇧', Super: '⌘' };

/** The combination as it is written on keyboards of the system. */
export function acceleratorText(keys: string, mac: boolean): string {
  if (!mac) return keys;
  return keys
    .split('+')
    .map((key) => signs[key] ?? key)
    .join('');
}

/**
 * The combination that was pressed, as the shell writes it (`Ctrl+Alt+Z`); null
 * while there is no key beside the modifiers, or where it would take a key
 * away that people type with.
 */
export function accelerator(event: Pressed): string | null {
  // By place, not by letter: with Alt some systems give another sign.
  const [, letter, digit] = /^(?:Key([A-Z])|Digit(\d))$/.exec(event.code) ?? [];
  const special = /^(F\d{1,2}|Space|Home|End|Insert|PageUp|PageDown|Arrow\w+)$/.test(event.code);
  const key = letter ?? digit ?? (special ? event.code : undefined);
  if (key === undefined) return null;
  const modifiers = [
    event.ctrlKey && 'Ctrl',
    event.altKey && 'Alt',
    event.shiftKey && 'Shift',
    event.metaKey && 'Super',
  ].filter((name) => name !== false);
  const free = /^F\d/.test(key);
  const strong = event.ctrlKey || event.altKey || event.metaKey;
  return free || strong ? [...modifiers, key].join('+') : null;
}

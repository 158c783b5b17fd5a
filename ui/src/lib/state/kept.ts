/**
 * Small things that this window keeps on this device, such as the width of a
 * column: nothing that was written, nobody's name. A place that cannot be
 * written to costs a habit, never a window.
 */
const PREFIX = 'startalk.';

export function readKept<T>(name: string, read: (value: unknown) => T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return read(text === null ? undefined : JSON.parse(text));
  } catch {
    return read(undefined);
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full or switched off: holds for this run.
  }
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // As above.
  }
}

import type { IconName } from './icons';

export interface MenuItem {
  /** Also the test id's end. */
  id: string;
  label: string;
  /** A second, quieter line. */
  note?: string;
  icon?: IconName;
  /** What waits there; none is not shown. */
  count?: number;
  /** One of several of which one holds. */
  checked?: boolean;
  danger?: boolean;
  disabled?: boolean;
  /** A line above it. */
  apart?: boolean;
  act: () => void;
}

/** Where a menu opens: at the pointer, or below what has the focus. */
export interface MenuPlace {
  x: number;
  y: number;
  /** The button that the menu hangs on, if there is one: a press on it is the button's. */
  opener?: HTMLElement;
}

/** The place for a menu that hangs on a button. */
export function below(opener: HTMLElement): MenuPlace {
  const { left, bottom } = opener.getBoundingClientRect();
  return { x: left, y: bottom + 4, opener };
}

/** The place for a menu that a mouse or a key has asked for. */
export function menuPlace(event: MouseEvent | KeyboardEvent, target: HTMLElement): MenuPlace {
  if (event instanceof MouseEvent && (event.clientX !== 0 || event.clientY !== 0)) {
    return { x: event.clientX, y: event.clientY };
  }
  const { left, bottom } = target.getBoundingClientRect();
  return { x: left + 24, y: bottom - 8 };
}

/** Whether the key asks for the menu of what has the focus. */
export function asksForMenu(event: KeyboardEvent): boolean {
  return event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
}

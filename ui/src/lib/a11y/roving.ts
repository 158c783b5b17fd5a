/** Marks what the arrow keys go through. */
export const ROVING = 'data-roving';

/**
 * One tab stop for a list: the arrow keys, Home and End move the focus among
 * the elements marked with `data-roving`; the list's owner says which one has
 * `tabindex="0"` at rest.
 */
export function roving(container: HTMLElement): { destroy(): void } {
  const onkeydown = (event: KeyboardEvent) => {
    // A menu within a list has moved the focus already.
    if (event.defaultPrevented) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const stops = [...container.querySelectorAll<HTMLElement>(`[${ROVING}]`)];
    const index = stops.findIndex((stop) => stop === document.activeElement);
    if (index < 0) return;
    const next = target(event.key, index, stops.length);
    if (next === undefined) return;
    event.preventDefault();
    stops[next]?.focus();
  };
  container.addEventListener('keydown', onkeydown);
  return { destroy: () => container.removeEventListener('keydown', onkeydown) };
}

function target(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(index + 1, count - 1);
    case 'ArrowUp':
      return Math.max(index - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

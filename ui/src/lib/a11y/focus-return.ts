/** Where the keyboard can be put. */
const CAN_HAVE_IT = 'button, a[href], input, textarea, select, [tabindex]';

/**
 * Remembers what has the focus, for what opens now and takes it. The function that
 * comes back gives it back when that closes, to what is nearest around it if it is
 * gone itself, and tells whether it could.
 */
export function rememberFocus(from: Element | null = document.activeElement): () => boolean {
  const around: HTMLElement[] = [];
  for (let one = from; one && one !== document.body; one = one.parentElement) {
    if (one instanceof HTMLElement && one.matches(CAN_HAVE_IT)) around.push(one);
  }
  return () => {
    const still = around.find((one) => one.isConnected && !one.matches(':disabled'));
    still?.focus();
    return still !== undefined;
  };
}

/** Whether nothing has the focus any more once `leaving` is gone. */
export function losesFocus(leaving: Element): boolean {
  const { activeElement } = document;
  return (
    activeElement === null || activeElement === document.body || leaving.contains(activeElement)
  );
}

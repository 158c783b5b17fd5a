/** A window that is not on screen draws no frames; after this long it counts as painted. */
const HIDDEN_MS = 1_000;

/** Resolves after the frame that shows what the page holds now. */
export function nextPaint(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HIDDEN_MS);
    // The first callback runs before the frame is drawn, the second one after it.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        clearTimeout(timer);
        resolve();
      }),
    );
  });
}

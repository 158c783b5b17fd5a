/** Where what comes by itself is said to who cannot see it (WAI-ARIA 1.2, section 6.7). */
const LIVE = '[aria-live="polite"], [aria-live="assertive"], [role="status"], [role="alert"]';

/**
 * Calls `say` with the text of each live region when it has changed, for a web view that
 * tells no screen reader of them. Returns what ends it.
 */
export function watchLiveRegions(root: HTMLElement, say: (text: string) => void): () => void {
  const said = new WeakMap<Element, string>();
  const observer = new MutationObserver((records) => {
    for (const region of new Set(records.flatMap(regionsOf))) {
      const text = region.textContent;
      if (!region.isConnected || text === (said.get(region) ?? '')) continue;
      said.set(region, text);
      const words = text.replace(/\s+/g, ' ').trim();
      if (words) say(words);
    }
  });
  observer.observe(root, { subtree: true, childList: true, characterData: true });
  return () => observer.disconnect();
}

function regionsOf({ target, addedNodes }: MutationRecord): Element[] {
  const around = target instanceof Element ? target : target.parentElement;
  const region = around?.closest(LIVE);
  if (region) return [region];
  const added = [...addedNodes].filter((node) => node instanceof Element);
  return added.flatMap((node) => (node.matches(LIVE) ? node : [...node.querySelectorAll(LIVE)]));
}

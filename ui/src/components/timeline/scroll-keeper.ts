/** Closer to the end than this is at the end. */
const BOTTOM_PX = 24;
/** A message counts as seen when its end is on screen, give or take its shadow. */
const SEEN_PX = 4;

interface Mark {
  id: number;
  /** Where it is to be, from the top of the view. */
  top: number;
}

/** What is on screen. */
export interface Sight {
  atEnd: boolean;
  top: number | null;
  lowest: number | null;
}

/**
 * Keeps the place in a list whose contents change: what is on screen stays where
 * it is to the pixel, whatever is put above it or gets another size; at the end,
 * the end stays in view. The browser's own anchoring is off: WebKit has none, and
 * twice is wrong.
 */
export class ScrollKeeper {
  readonly #viewport: HTMLElement;
  readonly #content: HTMLElement;
  /** The messages on screen, the one to be kept first. */
  #marks: Mark[] = [];
  #lastTop = 0;
  #stick = true;
  #rows: HTMLElement[] = [];

  constructor(viewport: HTMLElement, content: HTMLElement) {
    this.#viewport = viewport;
    this.#content = content;
  }

  /** Whether new messages at the end pull the view down. */
  get sticks(): boolean {
    return this.#stick;
  }

  get fromTop(): number {
    return this.#viewport.scrollTop;
  }

  get fromEnd(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.#viewport;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** Other messages are in the list than before. */
  changed(): void {
    this.#rows = [...this.#content.querySelectorAll<HTMLElement>('[data-id]')];
  }

  /** Holds the end. */
  toEnd(): void {
    this.#stick = true;
    this.#scrollTo(this.#viewport.scrollHeight);
    this.#mark();
  }

  /** Brings an element so far below the top of the view; it is kept there. */
  bring(element: Element, below: number): void {
    this.#stick = false;
    this.#scrollTo(this.#viewport.scrollTop + this.#topOf(element) - below);
    this.#mark();
    this.#stick = this.fromEnd < BOTTOM_PX;
  }

  /**
   * The view was scrolled, by us or by a person. `whole`: the end of the list is
   * the end of the conversation.
   */
  scrolled(whole: boolean): void {
    const up = this.#viewport.scrollTop < this.#lastTop - 1;
    const moved = Math.abs(this.#viewport.scrollTop - this.#lastTop) >= 1;
    this.#lastTop = this.#viewport.scrollTop;
    if (this.#stick && whole && !up && this.fromEnd >= BOTTOM_PX) {
      // A late event of our own scrolling, after the view became lower: nobody left the end.
      this.toEnd();
      return;
    }
    this.#stick = whole && this.fromEnd < BOTTOM_PX;
    if (moved || this.#marks.length === 0) this.#mark();
  }

  /** A person acts on this message: it stays where it is, whatever unfolds. */
  hold(id: number): void {
    const element = this.#find(id);
    if (!element || this.#stick) return;
    const top = this.#topOf(element);
    this.#marks = [{ id, top }, ...this.#marks.filter((mark) => mark.id !== id)];
  }

  /** Contents or sizes have changed: puts everything back to its place. */
  restore(): void {
    if (this.#stick) {
      this.toEnd();
      return;
    }
    const mark = this.#marks.find(({ id }) => this.#find(id) !== undefined);
    const element = mark && this.#find(mark.id);
    if (!mark || !element) return;
    const before = this.#topOf(element) - mark.top;
    if (Math.abs(before) >= 0.01) this.#scrollTo(this.#viewport.scrollTop + before);
    // What a whole pixel could not take stays to be made up for.
    this.#marks = [mark, ...this.#visible().filter(({ id }) => id !== mark.id)];
  }

  /** What is on screen now. */
  sight(): Sight {
    const { bottom } = this.#viewport.getBoundingClientRect();
    const rows = this.#rows;
    const last = lastWhere(rows, (row) => row.getBoundingClientRect().bottom <= bottom + SEEN_PX);
    const first = rows[this.#firstVisible(rows)];
    // A message that fills the view is seen when it does.
    const lowest = rows[last] ?? (first && this.#fills(first) ? first : undefined);
    return {
      atEnd: this.#stick,
      top: idOf(first),
      lowest: idOf(lowest),
    };
  }

  #fills(row: HTMLElement): boolean {
    return row.getBoundingClientRect().height >= this.#viewport.clientHeight;
  }

  #mark(): void {
    this.#marks = this.#visible();
  }

  /** Those on screen; one that begins above it is worth less as a hold. */
  #visible(): Mark[] {
    const rows = this.#rows;
    const { bottom, top: edge } = this.#viewport.getBoundingClientRect();
    const marks: Mark[] = [];
    for (let index = this.#firstVisible(rows); index < rows.length; index += 1) {
      const row = rows[index];
      const id = idOf(row);
      if (!row || id === null) continue;
      const { top } = row.getBoundingClientRect();
      if (top > bottom) break;
      marks.push({ id, top: top - edge });
    }
    const whole = marks.filter(({ top }) => top >= 0);
    return [...whole, ...marks.filter(({ top }) => top < 0)];
  }

  #firstVisible(rows: readonly HTMLElement[]): number {
    const { top } = this.#viewport.getBoundingClientRect();
    return lastWhere(rows, (row) => row.getBoundingClientRect().bottom <= top) + 1;
  }

  #find(id: number): HTMLElement | undefined {
    const name = String(id);
    return this.#rows.find(({ dataset }) => dataset.id === name);
  }

  #topOf(element: Element): number {
    return element.getBoundingClientRect().top - this.#viewport.getBoundingClientRect().top;
  }

  #scrollTo(top: number): void {
    this.#viewport.scrollTop = top;
    this.#lastTop = this.#viewport.scrollTop;
  }
}

/** The last index for which it holds, when it holds for a beginning; else -1. */
function lastWhere<T>(all: readonly T[], holds: (one: T) => boolean): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = all[middle];
    if (one !== undefined && holds(one)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function idOf(row: HTMLElement | undefined): number | null {
  return row ? Number(row.dataset.id) : null;
}

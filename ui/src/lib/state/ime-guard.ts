import type { SendKey } from './view-settings';

/** The part of a keyboard event that decides. */
export interface KeyLike {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  isComposing: boolean;
}

/**
 * Tells the Enter that sends from the Enter that ends an input method's
 * composition.
 *
 * WebKit fires `compositionend` first and then, in the same task, the keydown
 * of the key that ended it with `isComposing` already false; so our own state
 * is cleared one task later. `keyCode` 229 is no help: some input methods
 * report it for every key, and then Enter would never send.
 */
export class ImeGuard {
  #composing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get composing(): boolean {
    return this.#composing;
  }

  start(): void {
    clearTimeout(this.#timer);
    this.#composing = true;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#composing = false;
    }, 0);
  }

  /**
   * The field lost the focus: there is no composition any more, whether its end was
   * told or not. Otherwise Enter would never send again.
   */
  leave(): void {
    clearTimeout(this.#timer);
    this.#composing = false;
  }

  /** A key of the program's, not of the input method's. */
  free(event: Pick<KeyLike, 'isComposing'>): boolean {
    return !event.isComposing && !this.#composing;
  }

  /**
   * The input method takes a key: then nobody around the field sees it either, where it
   * would pass for one of the program's, as the Escape that ends a composition.
   */
  takes(event: Pick<KeyboardEvent, 'isComposing' | 'stopPropagation'>): boolean {
    if (this.free(event)) return false;
    event.stopPropagation();
    return true;
  }

  /** Enter outside a composition: without a modifier, or with Ctrl (⌘) where that is wished. */
  sends(event: KeyLike, sendKey: SendKey = 'enter'): boolean {
    const command = event.ctrlKey !== event.metaKey;
    return (
      event.key === 'Enter' &&
      !event.shiftKey &&
      !event.altKey &&
      (sendKey === 'enter' ? !event.ctrlKey && !event.metaKey : command) &&
      this.free(event)
    );
  }
}

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

  /** Enter without a modifier, outside a composition. */
  sends(event: KeyLike): boolean {
    return (
      event.key === 'Enter' &&
      !event.shiftKey &&
      !event.ctrlKey &&
      !event.altKey &&
      !event.metaKey &&
      !event.isComposing &&
      !this.#composing
    );
  }
}

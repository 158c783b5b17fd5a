/** Whether the person looks at the window: set by view and shell, asked by the timeline. */
export class Attention {
  #focused = $state(false);
  #away = $state(false);

  /** The window has the focus. */
  get focused(): boolean {
    return this.#focused;
  }

  set focused(focused: boolean) {
    this.#focused = focused;
  }

  /** Nobody has touched the machine for some minutes, or its screen is locked. */
  get away(): boolean {
    return this.#away;
  }

  set away(away: boolean) {
    this.#away = away;
  }

  /** Somebody sits in front of the window and sees what is on it. */
  get present(): boolean {
    return this.#focused && !this.#away;
  }
}

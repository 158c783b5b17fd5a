/** Whether the person looks at the window: set by the view, asked by the timeline. */
export class Attention {
  #focused = $state(false);

  get focused(): boolean {
    return this.#focused;
  }

  set focused(focused: boolean) {
    this.#focused = focused;
  }
}

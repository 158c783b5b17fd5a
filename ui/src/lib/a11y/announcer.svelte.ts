/** One polite live region for the whole window. */
export class Announcer {
  #text = $state('');

  get text(): string {
    return this.#text;
  }

  say(text: string): void {
    // The same words twice would be no change, and so not be read.
    this.#text = text === this.#text ? `${text}\u00a0` : text;
  }
}

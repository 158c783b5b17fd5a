/** An entry of the rail: what the regions of the window show. */
export type Section = 'chats' | 'search' | 'contacts' | 'files' | 'settings';

/** What lies over the window. */
export type Overlay = 'switcher' | 'shortcuts' | 'invite' | 'mark-all-read' | 'new-room';

/** What the details panel is about. */
export type Details = { about: 'conversation' } | { about: 'person'; address: string };

/** A place one can go back to. */
export interface Place {
  section: Section;
  conversation: string | null;
}

/** Further back than this nobody goes. */
const MAX_PLACES = 100;

/** Where in the window the person is, and where they came from. */
export class Navigation {
  #section = $state<Section>('chats');
  #overlay = $state<Overlay | null>(null);
  #details = $state.raw<Details | null>(null);
  #places: Place[] = [];
  #at = $state(-1);
  #count = $state(0);
  #asked = $state(0);
  /** Set by the open conversation: puts the focus where one writes. */
  writer: (() => void) | null = null;

  get section(): Section {
    return this.#section;
  }

  get overlay(): Overlay | null {
    return this.#overlay;
  }

  get details(): Details | null {
    return this.#details;
  }

  get canGoBack(): boolean {
    return this.#at > 0;
  }

  get canGoForward(): boolean {
    return this.#at < this.#count - 1;
  }

  open(section: Section): void {
    this.#section = section;
  }

  show(overlay: Overlay): void {
    this.#overlay = overlay;
  }

  closeOverlay(): void {
    this.#overlay = null;
  }

  showDetails(details: Details): void {
    this.#details = details;
  }

  closeDetails(): void {
    this.#details = null;
  }

  /** Opens the panel about the conversation, or closes whatever it shows. */
  toggleDetails(): void {
    this.#details = this.#details === null ? { about: 'conversation' } : null;
  }

  /** Puts the focus where one writes, if a conversation is open. */
  write(): void {
    this.writer?.();
  }

  /** Puts the focus into the search field of the section; it may have to be drawn first. */
  find(): void {
    this.#asked += 1;
  }

  /** Rises with each wish to search. */
  get asked(): number {
    return this.#asked;
  }

  /** Notes where we are now; what was in front of it is forgotten. */
  visit(place: Place): void {
    const here = this.#places[this.#at];
    if (here?.section === place.section && here.conversation === place.conversation) return;
    this.#places = [...this.#places.slice(0, this.#at + 1), place].slice(-MAX_PLACES);
    this.#count = this.#places.length;
    this.#at = this.#count - 1;
  }

  /** The place a step away, which is where we are from now on. */
  travel(step: 1 | -1): Place | undefined {
    const place = this.#places[this.#at + step];
    if (place) this.#at += step;
    return place;
  }
}

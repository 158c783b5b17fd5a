/** What can be played at: as spoken, a little faster, twice as fast. */
export const SPEEDS = [1, 1.5, 2] as const;

/** A sound of a message. */
export interface Track {
  conversation: string;
  message: number;
  index: number;
  /** Who sent it. */
  name: string;
  /** An address that a player can play. */
  source: string;
}

export type TrackKey = Pick<Track, 'message' | 'index'>;

/**
 * The one sound that is played. It goes on while other conversations are shown, so it
 * belongs to none of them.
 */
export class Playback {
  #track = $state.raw<Track | null>(null);
  #loading = $state.raw<TrackKey | null>(null);
  #failed = $state.raw<TrackKey | null>(null);
  /** It could not be fetched, which may be otherwise later. */
  #missed = false;
  /** Whether it is to be played; the player follows. */
  paused = $state(true);
  /** In seconds. */
  position = $state(0);
  /** In seconds; nothing until the player knows. */
  duration = $state(0);
  #speed = $state<(typeof SPEEDS)[number]>(1);

  get track(): Track | null {
    return this.#track;
  }

  get speed(): number {
    return this.#speed;
  }

  isAt(key: TrackKey): boolean {
    return same(this.#track, key);
  }

  isLoading(key: TrackKey): boolean {
    return same(this.#loading, key);
  }

  hasFailed(key: TrackKey): boolean {
    return same(this.#failed, key);
  }

  /** Plays a sound, or stops or goes on with the one that is there. */
  async toggle(track: Omit<Track, 'source'>, load: () => Promise<string | undefined>) {
    if (this.isAt(track)) {
      this.paused = !this.paused;
      return;
    }
    this.#loading = track;
    this.#failed = null;
    try {
      const source = await load();
      if (this.#loading !== track) return;
      if (!source) throw new Error('no source');
      this.#track = { ...track, source };
      this.position = 0;
      this.duration = 0;
      this.paused = false;
    } catch {
      if (this.#loading === track) {
        this.#failed = track;
        this.#missed = true;
      }
    }
    if (this.#loading === track) this.#loading = null;
  }

  nextSpeed(): void {
    this.#speed = SPEEDS[(SPEEDS.indexOf(this.#speed) + 1) % SPEEDS.length] ?? 1;
  }

  /** The player has come to the end. */
  ended(): void {
    this.paused = true;
    this.position = 0;
  }

  /** The player cannot play it. */
  failed(): void {
    this.#failed = this.#track;
    this.#missed = false;
    this.close();
  }

  /** There is a connection again: what could not be fetched can be tried again. */
  again(): void {
    if (this.#missed) this.#failed = null;
  }

  close(): void {
    this.#loading = null;
    this.#track = null;
    this.paused = true;
  }
}

function same(a: TrackKey | null, b: TrackKey): boolean {
  return a !== null && a.message === b.message && a.index === b.index;
}

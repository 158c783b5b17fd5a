import { SvelteMap } from 'svelte/reactivity';
import type { AvatarView } from '../rpc/generated/AvatarView';

/** So many pictures are kept; at the engine's limit of 128 KiB each that is 64 MiB at worst. */
const KEPT = 400;
/** So many are asked for at a time. */
const AT_ONCE = 4;
const DRAWN = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

interface Picture {
  hash: string;
  /** What an image can show; nothing if there is none. */
  url: string | undefined;
}

/** Pictures of people, fetched when one is on screen. */
export class Pictures {
  readonly #fetch: (address: string) => Promise<AvatarView | null>;
  readonly #known = new SvelteMap<string, Picture>();
  /** Hashes of what was asked for and is not here yet. */
  readonly #asked = new Map<string, string>();
  readonly #queue: string[] = [];
  /** Hashes of what could not be fetched. */
  readonly #missed = new Map<string, string>();
  #running = 0;
  /** Counts the connections. */
  #round = 0;

  constructor(fetch: (address: string) => Promise<AvatarView | null>) {
    this.#fetch = fetch;
  }

  /** What is known now. */
  of(address: string, hash: string): string | undefined {
    if (hash === '') return undefined;
    return this.#known.get(address)?.url;
  }

  /** Somebody looks at it: fetches it unless the one with this hash is here. */
  want(address: string, hash: string): void {
    if (hash === '' || this.#known.get(address)?.hash === hash) return;
    if (this.#asked.get(address) === hash) return;
    this.#asked.set(address, hash);
    this.#queue.push(address);
    if (this.#running < AT_ONCE) void this.#work();
  }

  /** There is a connection again: asks for what could not be had without one. */
  again(): void {
    this.#round += 1;
    const missed = [...this.#missed];
    this.#missed.clear();
    for (const [address, hash] of missed) this.want(address, hash);
  }

  async #work(): Promise<void> {
    this.#running += 1;
    for (let address = this.#queue.shift(); address; address = this.#queue.shift()) {
      const hash = this.#asked.get(address) ?? '';
      const round = this.#round;
      let failed = false;
      try {
        const picture = await this.#fetch(address);
        this.#keep(address, { hash, url: picture ? dataUrl(picture) : undefined });
      } catch {
        // That says nothing about the picture.
        failed = true;
      }
      if (this.#asked.get(address) === hash) this.#asked.delete(address);
      if (!failed) this.#missed.delete(address);
      else if (round === this.#round) this.#missed.set(address, hash);
      else this.want(address, hash);
    }
    this.#running -= 1;
  }

  #keep(address: string, picture: Picture): void {
    this.#known.delete(address);
    this.#known.set(address, picture);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(oldest);
    }
  }
}

function dataUrl({ media_type, data }: AvatarView): string | undefined {
  return DRAWN.has(media_type) ? `data:${media_type};base64,${data}` : undefined;
}

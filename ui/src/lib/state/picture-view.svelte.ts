/** How a picture is looked at: scale, place, turn. All in pixels of the stage, from its middle. */

const MIN_SCALE = 0.05;
const MAX_SCALE = 16;
/** One notch of the wheel. */
const STEP = 1.2;

export interface Box {
  width: number;
  height: number;
}

export class PictureView {
  #picture = $state.raw<Box>({ width: 1, height: 1 });
  #stage = $state.raw<Box>({ width: 1, height: 1 });
  #turns = $state(0);
  #scale = $state(1);
  #x = $state(0);
  #y = $state(0);
  #fits = $state(true);

  get scale(): number {
    return this.#scale;
  }

  get x(): number {
    return this.#x;
  }

  get y(): number {
    return this.#y;
  }

  /** Quarter turns to the right. */
  get turns(): number {
    return this.#turns;
  }

  /** It is as large as the stage allows. */
  get fits(): boolean {
    return this.#fits;
  }

  /** Another picture, or another size of the window. */
  show(picture: Box, stage: Box): void {
    this.#picture = picture;
    this.#stage = stage;
    if (this.#fits) this.fit();
    else this.#moveTo(this.#x, this.#y);
  }

  reset(): void {
    this.#turns = 0;
    this.fit();
  }

  /** As large as the stage allows, never larger than it is. */
  fit(): void {
    const { width, height } = this.#turned();
    this.#scale = Math.min(1, this.#stage.width / width, this.#stage.height / height);
    this.#fits = true;
    this.#x = 0;
    this.#y = 0;
  }

  /** One pixel of the picture on one of the page. */
  actual(): void {
    this.#zoomTo(1, 0, 0);
  }

  rotate(): void {
    this.#turns = (this.#turns + 1) % 4;
    if (this.#fits) this.fit();
    else this.#moveTo(0, 0);
  }

  /** Nearer or further, with the point under the pointer where it is. */
  zoom(steps: number, x = 0, y = 0): void {
    this.#zoomTo(this.#scale * STEP ** steps, x, y);
  }

  drag(dx: number, dy: number): void {
    this.#moveTo(this.#x + dx, this.#y + dy);
  }

  #zoomTo(wanted: number, x: number, y: number): void {
    const scale = Math.min(Math.max(wanted, MIN_SCALE), MAX_SCALE);
    const by = scale / this.#scale;
    this.#scale = scale;
    this.#fits = false;
    this.#moveTo(x - (x - this.#x) * by, y - (y - this.#y) * by);
  }

  /** The picture never leaves the stage altogether, nor moves while it has room. */
  #moveTo(x: number, y: number): void {
    const { width, height } = this.#turned();
    const spare = (size: number, stage: number) => Math.max(0, (size * this.#scale - stage) / 2);
    const limit = (value: number, most: number) => Math.min(Math.max(value, -most), most);
    this.#x = limit(x, spare(width, this.#stage.width));
    this.#y = limit(y, spare(height, this.#stage.height));
  }

  #turned(): Box {
    const { width, height } = this.#picture;
    return this.#turns % 2 === 1 ? { width: height, height: width } : { width, height };
  }
}

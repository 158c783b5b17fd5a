import { toApiError } from '../errors/api-failure';
import { type Mark, type Point, type Rect, rectOf } from '../pictures/marks';
import type { Rpc } from '../rpc/client';

export type Tool = 'region' | 'arrow' | 'box' | 'text' | 'blur';

export const TOOLS: readonly Tool[] = ['region', 'arrow', 'box', 'text', 'blur'];

/** Smaller than this is a click, and draws nothing. In pixels of the picture. */
const MIN = 4;

interface Step {
  region: Rect | null;
  marks: readonly Mark[];
}

/** A picture of the screen, and what is drawn onto it before it is sent. */
export class Sheet {
  readonly width: number;
  readonly height: number;
  #steps = $state.raw<readonly Step[]>([{ region: null, marks: [] }]);
  #at = $state(0);
  #tool = $state<Tool>('region');
  /** What is being drawn. */
  #draft = $state.raw<{ from: Point; to: Point } | null>(null);
  #writing = $state.raw<Point | null>(null);

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  get tool(): Tool {
    return this.#tool;
  }

  set tool(tool: Tool) {
    this.#draft = null;
    this.#writing = null;
    this.#tool = tool;
  }

  /** Everything that is drawn, with what is being drawn. */
  get marks(): readonly Mark[] {
    const marks = this.#step.marks;
    const draft = this.#draft;
    if (!draft || this.#tool === 'region' || this.#tool === 'text') return marks;
    return [...marks, { kind: this.#tool, ...draft }];
  }

  /** What is kept of the picture. */
  get region(): Rect {
    if (this.#draft && this.#tool === 'region') {
      return rectOf(this.#draft.from, this.#draft.to, this);
    }
    return this.#step.region ?? { x: 0, y: 0, width: this.width, height: this.height };
  }

  get drawing(): boolean {
    return this.#draft !== null;
  }

  /** Where a text is being written. */
  get writing(): Point | null {
    return this.#writing;
  }

  get canUndo(): boolean {
    return this.#at > 0;
  }

  get canRedo(): boolean {
    return this.#at < this.#steps.length - 1;
  }

  /** The pointer goes down; a text begins where it does. */
  begin(point: Point): void {
    const at = this.#within(point);
    if (this.#tool === 'text') this.#writing = at;
    else this.#draft = { from: at, to: at };
  }

  move(point: Point): void {
    if (this.#draft) this.#draft = { ...this.#draft, to: this.#within(point) };
  }

  /** The pointer goes up. */
  end(): void {
    const draft = this.#draft;
    this.#draft = null;
    if (!draft || this.#tool === 'text') return;
    const { width, height } = rectOf(draft.from, draft.to, this);
    const { region, marks } = this.#step;
    if (this.#tool === 'arrow') {
      if (Math.hypot(width, height) < MIN) return;
    } else if (width < MIN || height < MIN) return;
    if (this.#tool === 'region') this.#push({ region: rectOf(draft.from, draft.to, this), marks });
    else this.#push({ region, marks: [...marks, { kind: this.#tool, ...draft }] });
  }

  /** Ends the text that is being written; nothing is no text. */
  write(text: string): void {
    const at = this.#writing;
    this.#writing = null;
    if (!at || text.trim() === '') return;
    const { region, marks } = this.#step;
    this.#push({ region, marks: [...marks, { kind: 'text', at, text }] });
  }

  /** Stops what is being done; whether there was something. */
  stop(): boolean {
    const any = this.#draft !== null || this.#writing !== null;
    this.#draft = null;
    this.#writing = null;
    return any;
  }

  undo(): void {
    if (this.stop()) return;
    this.#at = Math.max(0, this.#at - 1);
  }

  redo(): void {
    this.#at = Math.min(this.#steps.length - 1, this.#at + 1);
  }

  get #step(): Step {
    return this.#steps[this.#at] ?? { region: null, marks: [] };
  }

  #push(step: Step): void {
    this.#steps = [...this.#steps.slice(0, this.#at + 1), step];
    this.#at = this.#steps.length - 1;
  }

  #within({ x, y }: Point): Point {
    return {
      x: Math.min(Math.max(0, x), this.width),
      y: Math.min(Math.max(0, y), this.height),
    };
  }
}

/** Taking a picture of the screen for what is being written. */
export class Screenshot {
  readonly #rpc: Rpc;
  #taking = $state(false);
  #taken = $state.raw<Blob | null>(null);
  #unable = $state(false);

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  get taking(): boolean {
    return this.#taking;
  }

  /** The picture that is edited. */
  get taken(): Blob | null {
    return this.#taken;
  }

  /** The window cannot have it here: the system's tool is the way. */
  get unable(): boolean {
    return this.#unable;
  }

  async take(): Promise<void> {
    if (this.#taking) return;
    this.#taking = true;
    this.#unable = false;
    try {
      this.#taken = await this.#rpc.desktop((desktop) => desktop.screenCapture());
    } catch {
      this.#unable = true;
    } finally {
      this.#taking = false;
    }
  }

  /** Puts the picture onto the clipboard; whether that worked. */
  copy(png: Blob): Promise<boolean> {
    return copyPicture(this.#rpc, png);
  }

  close(): void {
    this.#taken = null;
  }

  dismiss(): void {
    this.#unable = false;
  }
}

/** Through the desktop, or where that has no way, through the web view. */
export async function copyPicture(rpc: Rpc, png: Blob): Promise<boolean> {
  try {
    await rpc.desktop((desktop) => desktop.pictureCopy(png));
    return true;
  } catch (thrown) {
    if (toApiError(thrown).code !== 'not-supported') return false;
  }
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
    return true;
  } catch {
    return false;
  }
}

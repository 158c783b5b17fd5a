/** What is drawn onto a picture of the screen. All places are in pixels of the picture. */

export interface Point {
  x: number;
  y: number;
}

export interface Rect extends Point {
  width: number;
  height: number;
}

export type Mark =
  | { kind: 'arrow' | 'box' | 'blur'; from: Point; to: Point }
  | { kind: 'text'; at: Point; text: string };

/** Seen on any ground. */
const COLOUR = '#e5322d';
const OUTLINE = 'rgb(255 255 255 / 85%)';
/** Squares of a hidden part; nothing that is readable is smaller. */
const MOSAIC = 14;

/** The rectangle between two corners, within the picture. */
export function rectOf(a: Point, b: Point, within: { width: number; height: number }): Rect {
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x)));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y)));
  const right = Math.min(within.width, Math.ceil(Math.max(a.x, b.x)));
  const bottom = Math.min(within.height, Math.ceil(Math.max(a.y, b.y)));
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

/** How thick strokes are, for a picture of this size. */
export function strokeOf({ width, height }: { width: number; height: number }): number {
  return Math.max(3, Math.round(Math.min(width, height) / 240));
}

export function fontSizeOf(size: { width: number; height: number }): number {
  return strokeOf(size) * 7;
}

/** The three corners of an arrow's head. */
export function arrowHead(from: Point, to: Point, stroke: number): [Point, Point, Point] {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const length = stroke * 5;
  const corner = (turn: number): Point => ({
    x: to.x - length * Math.cos(angle + turn),
    y: to.y - length * Math.sin(angle + turn),
  });
  return [to, corner(0.45), corner(-0.45)];
}

/** Draws the picture and what stands on it, in its own size. */
export function draw(
  canvas: HTMLCanvasElement,
  picture: CanvasImageSource,
  size: { width: number; height: number },
  marks: readonly Mark[],
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  if (canvas.width !== size.width) canvas.width = size.width;
  if (canvas.height !== size.height) canvas.height = size.height;
  context.drawImage(picture, 0, 0, size.width, size.height);
  for (const mark of marks) {
    if (mark.kind === 'blur') hide(canvas, context, rectOf(mark.from, mark.to, size));
    else stroke(context, mark, size);
  }
}

function stroke(
  context: CanvasRenderingContext2D,
  mark: Mark,
  size: { width: number; height: number },
): void {
  const thick = strokeOf(size);
  context.lineJoin = 'round';
  context.lineCap = 'round';
  // Twice: first wider in white, so that it is seen on red, too.
  for (const [colour, width] of [
    [OUTLINE, thick + 3],
    [COLOUR, thick],
  ] as const) {
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    if (mark.kind === 'text') {
      const font = fontSizeOf(size);
      context.font = `600 ${font}px system-ui, sans-serif`;
      context.textBaseline = 'top';
      for (const [row, line] of mark.text.split('\n').entries()) {
        const y = mark.at.y + row * font * 1.3;
        if (colour === OUTLINE) context.strokeText(line, mark.at.x, y);
        else context.fillText(line, mark.at.x, y);
      }
    } else if (mark.kind === 'box') {
      const { x, y, width, height } = rectOf(mark.from, mark.to, size);
      context.rect(x, y, width, height);
      context.stroke();
    } else {
      const [tip, left, right] = arrowHead(mark.from, mark.to, thick);
      context.moveTo(mark.from.x, mark.from.y);
      context.lineTo((left.x + right.x) / 2, (left.y + right.y) / 2);
      context.moveTo(tip.x, tip.y);
      context.lineTo(left.x, left.y);
      context.lineTo(right.x, right.y);
      context.closePath();
      context.stroke();
      context.fill();
    }
  }
}

/** Makes a part unreadable for good: each square has one colour, the mean of what was there. */
function hide(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, part: Rect): void {
  if (part.width === 0 || part.height === 0) return;
  const small = document.createElement('canvas');
  small.width = Math.max(1, Math.round(part.width / MOSAIC));
  small.height = Math.max(1, Math.round(part.height / MOSAIC));
  const { x, y, width, height } = part;
  const shrunk = small.getContext('2d');
  if (!shrunk) return;
  shrunk.imageSmoothingQuality = 'high';
  shrunk.drawImage(canvas, x, y, width, height, 0, 0, small.width, small.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, small.width, small.height, x, y, width, height);
  context.imageSmoothingEnabled = true;
}

/** A part of a canvas as a PNG file. */
export async function cutOut(canvas: HTMLCanvasElement, { x, y, width, height }: Rect) {
  const part = document.createElement('canvas');
  part.width = width;
  part.height = height;
  part.getContext('2d')?.drawImage(canvas, x, y, width, height, 0, 0, width, height);
  return toPng(part);
}

export function toPng(canvas: HTMLCanvasElement): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}

/** What an address within the window shows, as a PNG file. */
export async function pngOf(source: string): Promise<Blob | null> {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
  return toPng(canvas);
}

/** Longest side of a picture of a person, in pixels: twice the largest that is shown. */
export const PICTURE_SIDE = 256;
/** The contract's limit, in bytes. */
export const PICTURE_BYTES = 128 * 1024;
/** A file larger than this is not opened at all. */
const FILE_BYTES = 30 * 1024 * 1024;
const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const QUALITIES = [0.9, 0.8, 0.65, 0.5];

/** Which part of a picture is kept: a square, in pixels of the picture. */
export interface Square {
  x: number;
  y: number;
  side: number;
}

/** A picture that was chosen. */
export interface LoadedPicture {
  bitmap: ImageBitmap;
  close(): void;
}

/** The picture in a file; nothing if it is none that people's programs show. */
export async function loadPicture(file: Blob): Promise<LoadedPicture | null> {
  if (!TYPES.has(file.type) || file.size > FILE_BYTES) return null;
  try {
    const bitmap = await createImageBitmap(file);
    return { bitmap, close: () => bitmap.close() };
  } catch {
    return null;
  }
}

/**
 * The square around the middle of a picture; `zoom` of 1 is the largest that
 * fits, and `dx` and `dy` move it, in shares of the room there is (-1 to 1).
 */
export function squareOf(
  width: number,
  height: number,
  zoom: number,
  dx: number,
  dy: number,
): Square {
  const side = Math.max(1, Math.min(width, height) / Math.max(1, zoom));
  const place = (whole: number, shift: number) => {
    const room = (whole - side) / 2;
    return room + room * Math.min(1, Math.max(-1, shift));
  };
  return { x: place(width, dx), y: place(height, dy), side };
}

/** Draws the part that is kept; sharper than the screen where it is smaller. */
export function drawSquare(
  canvas: HTMLCanvasElement,
  bitmap: CanvasImageSource,
  square: Square,
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { width, height } = canvas;
  context.imageSmoothingQuality = 'high';
  // What was transparent would turn black in a JPEG.
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, square.x, square.y, square.side, square.side, 0, 0, width, height);
}

/** The canvas as a JPEG in base64 that the contract takes; nothing if there is no way. */
export async function encodeSquare(canvas: HTMLCanvasElement): Promise<string | null> {
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, 'image/jpeg', quality);
    });
    if (blob && blob.size <= PICTURE_BYTES) return base64(new Uint8Array(await blob.arrayBuffer()));
  }
  return null;
}

export function base64(bytes: Uint8Array): string {
  let text = '';
  // Whole at once would be too many arguments for a call.
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

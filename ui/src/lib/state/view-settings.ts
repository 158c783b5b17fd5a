export const MIN_SIDE = 220;
export const MAX_SIDE = 420;
const USUAL_SIDE = 300;

export const ZOOMS = [80, 90, 100, 110, 125, 150] as const;

export type Density = 'comfortable' | 'compact';
export type TextSize = 'small' | 'normal' | 'large' | 'largest';
export type SendKey = 'enter' | 'ctrl-enter';

/** How this window looks and behaves on this device. */
export interface ViewSettings {
  /** Width of the list in pixels. */
  sideWidth: number;
  density: Density;
  textSize: TextSize;
  /** Name of a font of this device; empty for the usual one. */
  font: string;
  /** Size of everything in per cent, apart from the system's scale. */
  zoom: number;
  sendKey: SendKey;
  /** Whether misspelt words are underlined; null: as is usual for the language. */
  spelling: boolean | null;
}

export const USUAL_VIEW: ViewSettings = {
  sideWidth: USUAL_SIDE,
  density: 'comfortable',
  textSize: 'normal',
  font: '',
  zoom: 100,
  sendKey: 'enter',
  spelling: null,
};

/** What was kept, as far as it still makes sense. */
export function readView(value: unknown): ViewSettings {
  const kept = (typeof value === 'object' && value !== null ? value : {}) as Record<
    keyof ViewSettings,
    unknown
  >;
  const one = <T>(given: unknown, known: readonly T[], usual: T): T =>
    known.find((candidate) => candidate === given) ?? usual;
  return {
    sideWidth: clampSide(typeof kept.sideWidth === 'number' ? kept.sideWidth : USUAL_SIDE),
    density: one<Density>(kept.density, ['comfortable', 'compact'], 'comfortable'),
    textSize: one<TextSize>(kept.textSize, ['small', 'normal', 'large', 'largest'], 'normal'),
    font: typeof kept.font === 'string' ? cleanFont(kept.font) : '',
    zoom: one<number>(kept.zoom, ZOOMS, 100),
    sendKey: one<SendKey>(kept.sendKey, ['enter', 'ctrl-enter'], 'enter'),
    spelling: typeof kept.spelling === 'boolean' ? kept.spelling : null,
  };
}

/** Dictionaries know no Chinese: all of it would be underlined. */
export function checksSpelling(wanted: boolean, text: string): boolean {
  return wanted && !/\p{Script=Han}/u.test(text);
}

/** The name of a font, without what would end it in a style sheet. */
export function cleanFont(name: string): string {
  return name.replace(/[^\p{L}\p{N} ._-]/gu, '').slice(0, 60);
}

export function clampSide(width: number): number {
  if (!Number.isFinite(width)) return USUAL_SIDE;
  return Math.round(Math.min(Math.max(width, MIN_SIDE), MAX_SIDE));
}

/** The next size up or down. */
export function nextZoom(zoom: number, step: 1 | -1): number {
  const index = ZOOMS.findIndex((one) => one === zoom);
  return ZOOMS[index < 0 ? ZOOMS.indexOf(100) : index + step] ?? zoom;
}

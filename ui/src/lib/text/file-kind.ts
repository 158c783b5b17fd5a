import type { AttachmentView } from '../rpc/generated/AttachmentView';

/** How a file is shown. */
export type FileKind = 'picture' | 'audio' | 'video' | 'file';

const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/;
const BY_NAME: Record<string, FileKind> = {
  png: 'picture',
  jpg: 'picture',
  jpeg: 'picture',
  gif: 'picture',
  webp: 'picture',
  mp3: 'audio',
  ogg: 'audio',
  opus: 'audio',
  wav: 'audio',
  m4a: 'audio',
  mp4: 'video',
  webm: 'video',
};
/** Systems run these, or something in them. */
const RUNS =
  /\.(?:exe|msi|msix|bat|cmd|com|scr|pif|ps1|vbs|js|jse|wsf|hta|lnk|jar|app|dmg|pkg|deb|rpm|appimage|sh|run|desktop|docm|xlsm|pptm|iso)$/i;

/** By what the sender says of it, else by its name. */
export function fileKind({
  media_type,
  name,
}: Pick<AttachmentView, 'media_type' | 'name'>): FileKind {
  const type = media_type?.toLowerCase() ?? '';
  if (PICTURE.test(type)) return 'picture';
  if (type.startsWith('audio/')) return 'audio';
  if (type.startsWith('video/')) return 'video';
  if (type !== '' && type !== 'application/octet-stream') return 'file';
  return BY_NAME[/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''] ?? 'file';
}

/** Whether it is a piece of music: recorders of voices make nothing of this sort. */
export function isMusic({
  media_type,
  name,
}: Pick<AttachmentView, 'media_type' | 'name'>): boolean {
  return (
    /^audio\/(?:mpeg|mp3|flac|x-flac)$/i.test(media_type ?? '') || /\.(?:mp3|flac)$/i.test(name)
  );
}

/** Whether the engine lists it among the pictures: by what the sender says alone, shown or not. */
export function isListedAsPicture({ media_type }: AttachmentView): boolean {
  return media_type?.toLowerCase().startsWith('image/') ?? false;
}

/** Whether opening it may start a program; told before it is opened. */
export function mayRun(name: string): boolean {
  return RUNS.test(name.trim().replace(/[.\s]+$/, ''));
}

/** The end of the name in capital letters, for the card. */
export function extension(name: string): string {
  return (/\.([\p{L}\p{N}]{1,5})$/u.exec(name)?.[1] ?? '').toUpperCase();
}

export interface Size {
  width: number;
  height: number;
}

/** The place of a picture whose size nobody says. */
const UNKNOWN: Size = { width: 240, height: 180 };
const MAX: Size = { width: 360, height: 320 };
const MIN = 48;

/** How large a picture is drawn; known before it is here, so nothing moves when it comes. */
export function pictureSize({ width, height }: AttachmentView): Size {
  if (width === null || height === null || width <= 0 || height <= 0) return UNKNOWN;
  const scale = Math.min(1, MAX.width / width, MAX.height / height);
  return {
    width: Math.max(MIN, Math.round(width * scale)),
    height: Math.max(MIN, Math.round(height * scale)),
  };
}

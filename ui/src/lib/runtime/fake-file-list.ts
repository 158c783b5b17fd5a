import type { FileFilter } from '../rpc/generated/FileFilter';
import type { FileRequest } from '../rpc/generated/FileRequest';
import type { FileRow } from '../rpc/generated/FileRow';
import type { Response } from '../rpc/generated/Response';
import type { Talk } from './fake-talks';

type Asked = Extract<FileRequest, { action: 'list' }>;

/** The files of the messages in memory, the newest first. */
export function fileList(request: Asked, talks: ReadonlyMap<string, Talk>): Response {
  const wanted = request.text.toLowerCase();
  const rows = [...talks]
    .filter(([id]) => request.conversation === null || request.conversation === id)
    .flatMap(([conversation, { messages }]) =>
      messages.flatMap((message) =>
        message.attachments.map((file, index): FileRow => {
          const { id, author, author_name, time_ms } = message;
          return { conversation, message: id, index, author, author_name, time_ms, file };
        }),
      ),
    )
    .filter(({ file }) => isOf(file.media_type ?? byName(file.name), request.kind))
    .filter(({ file }) => file.name.toLowerCase().includes(wanted))
    .sort((a, b) => b.time_ms - a.time_ms);
  const from = Number(request.before ?? 0);
  const to = from + request.limit;
  const next = to < rows.length ? String(to) : null;
  return { type: 'file-page', value: { files: rows.slice(from, to), next } };
}

/** What is known of a file of which nothing is said: of these endings alone that it is a picture. */
function byName(name: string): string {
  return /\.(?:bmp|heic|svg|tiff?)$/i.test(name) ? 'image/*' : '';
}

function isOf(media: string, kind: FileFilter): boolean {
  switch (kind) {
    case 'all':
      return true;
    case 'pictures':
      return media.startsWith('image/');
    case 'media':
      return /^(audio|video)\//.test(media);
    case 'documents':
      return !/^(image|audio|video)\//.test(media);
  }
}

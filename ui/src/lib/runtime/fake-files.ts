import { apiError } from '../errors/api-failure';
import type { AttachmentView } from '../rpc/generated/AttachmentView';
import type { MessageView } from '../rpc/generated/MessageView';
import type { FileRuntime, OutgoingFile } from './runtime';

/** What the fake of files sees of the fake team. */
export interface FilingTeam {
  find(id: number): MessageView;
  send(conversation: string, text: string, more?: Partial<MessageView>): number;
}

/** Files that are sent stay in memory; those of the fixtures are drawn when they are wanted. */
export class FakeFiles implements FileRuntime {
  /** Names of files that were saved and opened. */
  readonly saved: string[] = [];
  readonly opened: string[] = [];
  readonly dragged: string[] = [];
  /** When the person lets go of what they drag. */
  letGo: Promise<void> = Promise.resolve();
  readonly #team: FilingTeam;
  readonly #sent = new Map<string, string>();

  constructor(team: FilingTeam) {
    this.#team = team;
  }

  async send(
    _account: string,
    conversation: string,
    files: OutgoingFile[],
    caption: string,
    replyTo: number | null,
    handedOver?: (file: OutgoingFile) => void,
  ): Promise<void> {
    const attachments = files.map((file, index): AttachmentView => {
      const url = `https://files.valley.local/${this.#sent.size + index}/${file.name}`;
      this.#sent.set(url, URL.createObjectURL(file.bytes));
      return {
        url,
        name: file.name,
        media_type: file.mediaType,
        size_bytes: file.bytes.size,
        width: file.width,
        height: file.height,
        description: null,
        save_name: file.name,
        state: 'here',
      };
    });
    const answered = replyTo === null ? null : this.#team.find(replyTo);
    const reply = answered && {
      message: answered.id,
      author_name: answered.author_name,
      excerpt: answered.text,
    };
    this.#team.send(conversation, caption, { kind: 'file', attachments, reply });
    for (const file of files) handedOver?.(file);
  }

  async show(_account: string, message: number, index: number): Promise<string> {
    const file = this.#file(message, index);
    const sent = this.#sent.get(file.url ?? '');
    if (sent !== undefined) return sent;
    if (!file.media_type?.startsWith('image/')) throw apiError('not-found');
    return drawing(file.width ?? 800, file.height ?? 600);
  }

  async save(_account: string, message: number, index: number): Promise<void> {
    this.saved.push(this.#file(message, index).name);
  }

  async open(_account: string, message: number, index: number): Promise<void> {
    this.opened.push(this.#file(message, index).name);
  }

  async drag(
    _account: string,
    message: number,
    index: number,
    released: AbortSignal,
  ): Promise<void> {
    if (released.aborted) return;
    this.dragged.push(this.#file(message, index).name);
    await this.letGo;
  }

  #file(message: number, index: number): AttachmentView {
    const file = this.#team.find(message).attachments[index];
    if (!file) throw apiError('not-found');
    return file;
  }
}

/** Hills under a sky, in the size of the picture. */
function drawing(width: number, height: number): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 80 60" preserveAspectRatio="none"><rect width="80" height="60" fill="#bfe0e8"/><circle cx="60" cy="14" r="6" fill="#f6d98a"/><path d="M0 44 22 22l16 16 12-10 30 26v6H0z" fill="#4f8f7b"/><path d="M0 50q20-10 40 0t40 0v10H0z" fill="#2d6c5d"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

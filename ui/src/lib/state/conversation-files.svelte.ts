import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { AttachmentView } from '../rpc/generated/AttachmentView';
import type { ContentKind } from '../rpc/generated/ContentKind';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Rpc } from '../rpc/client';
import { isListedAsPicture } from '../text/file-kind';
import { findLinks } from '../text/links';

/** The tabs of the list. */
export type FileTab = 'pictures' | 'files' | 'links';

export type FileEntry =
  | { kind: 'file'; key: string; message: MessageView; index: number; file: AttachmentView }
  | { kind: 'link'; key: string; message: MessageView; href: string };

const KINDS: Record<FileTab, ContentKind> = { pictures: 'image', files: 'file', links: 'link' };
/** The contract's greatest page. */
const PAGE = 50;

/** Pictures, files and links of one conversation, newest first. */
export class ConversationFiles {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #conversation: string;
  #tab = $state<FileTab>('pictures');
  #text = $state('');
  #entries = $state.raw<FileEntry[]>([]);
  #loading = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #next: string | null = $state(null);
  /** Answers of earlier questions are late. */
  #asked = 0;

  constructor(rpc: Rpc, account: string, conversation: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.#conversation = conversation;
  }

  get tab(): FileTab {
    return this.#tab;
  }

  get text(): string {
    return this.#text;
  }

  get entries(): readonly FileEntry[] {
    return this.#entries;
  }

  get loading(): boolean {
    return this.#loading;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  show(tab: FileTab, text = this.#text): Promise<void> {
    this.#tab = tab;
    this.#text = text;
    this.#entries = [];
    this.#next = null;
    return this.#load();
  }

  more(): Promise<void> {
    return this.#next === null ? Promise.resolve() : this.#load();
  }

  async #load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const tab = this.#tab;
    this.#loading = true;
    try {
      const page = await this.#rpc.messaging.find(
        this.#account,
        this.#text,
        {
          conversation: this.#conversation,
          author: null,
          from_ms: null,
          to_ms: null,
          kind: KINDS[tab],
        },
        this.#next,
        PAGE,
      );
      // A hit does not carry its files; what is on this device is asked for them.
      const details = await Promise.all(
        page.hits.map(({ message }) =>
          message === null
            ? null
            : this.#rpc.messaging.details(this.#account, message).catch(() => null),
        ),
      );
      if (asked !== this.#asked) return;
      const found = details.flatMap((one) => (one ? entriesOf(one.message, tab) : []));
      this.#entries = [...this.#entries, ...found];
      this.#next = page.next;
      this.#problem = null;
    } catch (thrown) {
      if (asked === this.#asked) this.#problem = toApiError(thrown);
    } finally {
      if (asked === this.#asked) this.#loading = false;
    }
  }
}

function entriesOf(message: MessageView, tab: FileTab): FileEntry[] {
  if (message.retracted) return [];
  if (tab === 'links') {
    return findLinks(message.text).map(({ href, start }) => ({
      kind: 'link',
      key: `${message.id}-${start}`,
      message,
      href,
    }));
  }
  return message.attachments.flatMap((file, index) =>
    isListedAsPicture(file) === (tab === 'pictures')
      ? [{ kind: 'file' as const, key: `${message.id}-${index}`, message, index, file }]
      : [],
  );
}

import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { Rpc } from '../rpc/client';

/** A draft is on disk within 300 ms of the last key; the rest is the way there. */
export const DRAFT_DELAY_MS = 200;
/** A pause this long means: stopped typing. */
export const TYPING_PAUSE_MS = 5_000;

export interface ComposerHost {
  rpc: Rpc;
  account: string;
  conversation: string;
  draft: string;
  /** A message is on disk. */
  sent(): void;
}

/** What is being written in one conversation: text, draft, typing notifications, sending. */
export class Composer {
  readonly conversation: string;
  readonly #host: ComposerHost;
  #text = $state('');
  #problem = $state.raw<ApiError | null>(null);
  /** Drafts and messages reach the engine in the order they were made. */
  #queue: Promise<void> = Promise.resolve();
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #savedDraft: string;
  #typing = false;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ComposerHost) {
    this.#host = host;
    this.conversation = host.conversation;
    this.#text = host.draft;
    this.#savedDraft = host.draft;
  }

  get text(): string {
    return this.#text;
  }

  /** Why the last message could not be stored; its text is back in the field. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  get canSend(): boolean {
    return this.#text.trim() !== '';
  }

  input(text: string): void {
    this.#text = text;
    this.#problem = null;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#saveDraft(), DRAFT_DELAY_MS);
    if (text.trim() === '') this.stopTyping();
    else this.#keepTyping();
  }

  /** Hands the text to the engine; resolves when it is on disk. */
  send(): Promise<void> {
    const text = this.#text;
    if (!this.canSend) return this.#queue;
    clearTimeout(this.#draftTimer);
    this.#text = '';
    this.#savedDraft = '';
    this.#problem = null;
    this.stopTyping();
    return this.#enqueue(async () => {
      try {
        await this.#host.rpc.sendMessage(this.#host.account, this.conversation, text);
        this.#host.sent();
      } catch (thrown) {
        // Nothing typed is lost: it comes back in front of what was typed since.
        this.#text = this.#text === '' ? text : `${text}\n${this.#text}`;
        this.#problem = toApiError(thrown);
        this.#draftTimer = setTimeout(() => this.#saveDraft(), DRAFT_DELAY_MS);
      }
    });
  }

  /** The field lost the focus, or the conversation is left. */
  leave(): Promise<void> {
    this.stopTyping();
    clearTimeout(this.#draftTimer);
    return this.#saveDraft();
  }

  stopTyping(): void {
    clearTimeout(this.#typingTimer);
    if (!this.#typing) return;
    this.#typing = false;
    this.#tellTyping(false);
  }

  #keepTyping(): void {
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.stopTyping(), TYPING_PAUSE_MS);
    if (this.#typing) return;
    this.#typing = true;
    this.#tellTyping(true);
  }

  #tellTyping(typing: boolean): void {
    // A courtesy to the other side; a failure changes nothing here.
    this.#host.rpc.setTyping(this.#host.account, this.conversation, typing).catch(() => undefined);
  }

  #saveDraft(): Promise<void> {
    const text = this.#text;
    if (text === this.#savedDraft) return this.#queue;
    this.#savedDraft = text;
    return this.#enqueue(async () => {
      try {
        await this.#host.rpc.setDraft(this.#host.account, this.conversation, text);
      } catch {
        // The next key or leaving the field tries again.
        this.#savedDraft = '';
      }
    });
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(step);
    return this.#queue;
  }
}

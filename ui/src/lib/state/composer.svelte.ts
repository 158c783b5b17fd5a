import { toApiError } from '../errors/api-failure';
import { i18n } from '../i18n/i18n.svelte';
import type { ApiError } from '../rpc/generated/ApiError';
import type { MentionInput } from '../rpc/generated/MentionInput';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Rpc } from '../rpc/client';
import { readTyped } from '../text/commands';
import { type Chosen, mentionsIn, namedIn } from '../text/mentions';
import type { Here } from './here.svelte';
import { OutgoingFiles } from './outgoing-files.svelte';
import { Screenshot } from './screenshot.svelte';
import type { VoiceMessage } from './voice-message.svelte';

/** A draft is on disk within 300 ms of the last key; the rest is the way there. */
export const DRAFT_DELAY_MS = 200;
/** A pause this long means: stopped typing. */
export const TYPING_PAUSE_MS = 5_000;
/** Longest text in bytes; the engine refuses more. */
export const MAX_BYTES = 64 * 1024;
/** Naming more people than this at once is asked about. */
export const MANY_PEOPLE = 50;
/** From here on it is said that the text is almost too long. */
const COUNT_FROM = MAX_BYTES - 2_000;

export interface ComposerHost {
  rpc: Rpc;
  account: string;
  conversation: string;
  draft: string;
  /** Who can be named, and the room. */
  here: Here;
  /** What is said into the microphone, for this conversation. */
  voice?: VoiceMessage;
  /** A message is on disk. */
  sent(): void;
}

/** What is being written in one conversation: text, draft, typing notifications, sending. */
export class Composer {
  readonly conversation: string;
  readonly here: Here;
  readonly files: OutgoingFiles;
  readonly voice: VoiceMessage | null;
  readonly screenshot: Screenshot;
  readonly #host: ComposerHost;
  #text = $state('');
  #problem = $state.raw<ApiError | null>(null);
  #replyTo = $state.raw<MessageView | null>(null);
  #editing = $state.raw<MessageView | null>(null);
  /** What stood in the field before an edit began, and who had been chosen there. */
  #aside: { text: string; chosen: Chosen[] } = { text: '', chosen: [] };
  #chosen: Chosen[] = [];
  /** Whom the draft names that was there at the beginning. */
  #found: Chosen[] = [];
  #finding: Promise<void> | null = null;
  #asksEveryone = $state<number | null>(null);
  /** Bytes that are left, when they are few. */
  #left = $derived.by(() => {
    // A text takes at most three bytes for each UTF-16 unit.
    if (this.#text.length * 3 < COUNT_FROM) return null;
    const bytes = new TextEncoder().encode(this.#text).length;
    return bytes < COUNT_FROM ? null : MAX_BYTES - bytes;
  });
  /** Drafts and messages reach the engine in the order they were made. */
  #queue: Promise<void> = Promise.resolve();
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  /** As the engine has it; null if that is not known. */
  #savedDraft: string | null;
  #typing = false;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ComposerHost) {
    this.#host = host;
    this.conversation = host.conversation;
    this.here = host.here;
    this.files = new OutgoingFiles(host.rpc, host.account, host.conversation);
    this.voice = host.voice ?? null;
    this.screenshot = new Screenshot(host.rpc);
    this.#text = host.draft;
    this.#savedDraft = host.draft;
    if (host.draft.includes('@')) this.#finding = this.#findNames(host.draft);
  }

  get text(): string {
    return this.#text;
  }

  /** Why the last message could not be stored; its text is back in the field. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Bytes that are left, when they are few; below zero the text cannot be sent. */
  get left(): number | null {
    return this.#left;
  }

  /** The message that is answered. */
  get replyTo(): MessageView | null {
    return this.#replyTo;
  }

  /** The own message that is being changed. */
  get editing(): MessageView | null {
    return this.#editing;
  }

  /** So many people would be named by what is to be sent, and nobody has said yes yet. */
  get asksEveryone(): number | null {
    return this.#asksEveryone;
  }

  /** The answer to that. */
  async answerEveryone(yes: boolean): Promise<void> {
    this.#asksEveryone = null;
    if (yes) await this.send(true);
  }

  /** Something that would be missed if all of this were made anew. */
  get holdsSomething(): boolean {
    return (
      this.#text !== '' ||
      this.#editing !== null ||
      this.#replyTo !== null ||
      this.files.pending.length > 0 ||
      this.voice?.active === true
    );
  }

  get canSend(): boolean {
    return this.#text.trim() !== '' && (this.#left ?? 0) >= 0;
  }

  input(text: string): void {
    this.#text = text;
    this.#problem = null;
    if (this.#editing) return;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#saveDraft(), DRAFT_DELAY_MS);
    if (text.trim() === '') this.stopTyping();
    else this.#keepTyping();
  }

  /** Puts a text behind what is being written; resolves when it is on disk. */
  append(text: string): Promise<void> {
    const behind = (before: string) => (before === '' ? text : `${before}\n${text}`);
    if (this.#editing) this.#aside = { ...this.#aside, text: behind(this.#aside.text) };
    else this.#text = behind(this.#text);
    return this.#saveDraft();
  }

  /** Somebody was chosen from the list; the view puts the name into the text. */
  choose(person: Chosen): void {
    const others = this.#chosen.filter(({ name }) => name !== person.name);
    this.#chosen = [...others, { name: person.name, address: person.address }];
  }

  answer(message: MessageView): void {
    this.stopEditing();
    this.#replyTo = message;
  }

  stopAnswering(): void {
    this.#replyTo = null;
  }

  edit(message: MessageView): void {
    if (!this.#editing) this.#aside = { text: this.#text, chosen: this.#chosen };
    this.stopTyping();
    void this.#saveDraft();
    this.#replyTo = null;
    this.#problem = null;
    this.#editing = message;
    this.#chosen = message.mentions.map(({ start, end, address }) => ({
      name: message.text.slice(start, end).replace(/^@/, ''),
      address,
    }));
    this.#text = message.text;
  }

  /** What was written before comes back. */
  stopEditing(): void {
    if (!this.#editing) return;
    this.#editing = null;
    this.#text = this.#aside.text;
    this.#chosen = this.#aside.chosen;
    this.#problem = null;
  }

  /** Hands the text to the engine; resolves when it is on disk. */
  send(sure = false): Promise<void> {
    if (!this.canSend) return this.#queue;
    if (this.#editing) return this.#sendEdit(this.#editing);
    if (this.#finding && this.#text.includes('@')) return this.#finding.then(() => this.send(sure));
    const text = this.#text;
    const reply = this.#replyTo;
    const typed = readTyped(text, this.here.isRoom);
    const mentions = mentionsIn(typed.text, [...this.#chosen, ...this.#found]);
    const everyone = this.here.isRoom && mentions.some((one) => one.address === this.conversation);
    const people = this.here.people.length + 1;
    if (everyone && people > MANY_PEOPLE && !sure) {
      this.#asksEveryone = people;
      return this.#queue;
    }
    clearTimeout(this.#draftTimer);
    this.#text = '';
    this.#savedDraft = '';
    this.#problem = null;
    this.#replyTo = null;
    this.stopTyping();
    return this.#enqueue(async () => {
      try {
        if (typed.kind === 'topic') {
          await this.here.setSubject(typed.text);
          await this.#host.rpc.setDraft(
            this.#host.account,
            this.conversation,
            this.#savedDraft ?? '',
          );
        } else {
          await this.#say(typed.text, reply, mentions);
          this.#host.sent();
        }
      } catch (thrown) {
        // Nothing typed is lost: it comes back in front of what was typed since.
        this.#text = this.#text === '' ? text : `${text}\n${this.#text}`;
        this.#replyTo ??= reply;
        this.#problem = toApiError(thrown);
        this.#draftTimer = setTimeout(() => this.#saveDraft(), DRAFT_DELAY_MS);
      }
    });
  }

  /** Offers to send the text as a file; it leaves the field when that has gone. */
  asFile(name: string): void {
    const text = this.#text;
    if (this.#editing) return;
    this.files.add([new File([text], name, { type: 'text/plain' })], undefined, () => {
      // What was put behind it meanwhile is not in the file.
      if (this.#text.startsWith(text)) this.input(this.#text.slice(text.length).trimStart());
    });
  }

  /** Sends what is in the preview; the text stays. */
  async sendFiles(): Promise<void> {
    await this.files.send(this.#replyTo?.id ?? null, () => {
      this.#replyTo = null;
      this.#host.sent();
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

  #say(text: string, reply: MessageView | null, mentions: MentionInput[]): Promise<number> {
    const { rpc, account } = this.#host;
    if (!reply && mentions.length === 0) return rpc.sendMessage(account, this.conversation, text);
    return rpc.messaging.send(account, this.conversation, text, reply?.id ?? null, mentions);
  }

  #sendEdit(message: MessageView): Promise<void> {
    const text = this.#text;
    const chosen = this.#chosen;
    const mentions = mentionsIn(text, chosen);
    this.stopEditing();
    if (text === message.text) return this.#queue;
    return this.#enqueue(async () => {
      try {
        await this.#host.rpc.messaging.edit(this.#host.account, message.id, text, mentions);
      } catch (thrown) {
        this.edit(message);
        this.#text = text;
        this.#chosen = chosen;
        this.#problem = toApiError(thrown);
      }
    });
  }

  /** The engine keeps a text, not who was chosen for it. */
  async #findNames(draft: string): Promise<void> {
    await this.here.wantNames();
    const { people, namesEverybody, conversation } = this.here;
    const everyone = { name: i18n.t('composer.everyone'), address: conversation };
    this.#found = namedIn(draft, namesEverybody ? [...people, everyone] : people);
    this.#finding = null;
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
    const text = this.#editing ? this.#aside.text : this.#text;
    if (text === this.#savedDraft) return this.#queue;
    this.#savedDraft = text;
    return this.#enqueue(async () => {
      try {
        await this.#host.rpc.setDraft(this.#host.account, this.conversation, text);
      } catch {
        // The next key or leaving the field tries again; what is too long stays here.
        this.#savedDraft = null;
      }
    });
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(step);
    return this.#queue;
  }
}

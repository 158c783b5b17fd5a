import { toApiError } from '../errors/api-failure';
import { pngOf } from '../pictures/marks';
import type { ApiError } from '../rpc/generated/ApiError';
import type { DeliveryView } from '../rpc/generated/DeliveryView';
import type { MessageDetails } from '../rpc/generated/MessageDetails';
import type { MessageView } from '../rpc/generated/MessageView';
import type { FileRuntime } from '../rpc/files';
import type { Rpc } from '../rpc/client';
import type { Composer } from './composer.svelte';
import { i18n } from '../i18n/i18n.svelte';
import { MOST_NUDGED, type Nudged, nudgeText } from '../text/nudge';
import type { Nudges } from './nudges.svelte';
import { ConversationFiles } from './conversation-files.svelte';
import { Forwards } from './forwards';
import type { Here, Namable } from './here.svelte';
import type { Playback } from './playback.svelte';
import { copyPicture } from './screenshot.svelte';
import { Selection } from './selection.svelte';
import type { TakenBack } from './taken-back.svelte';
import type { Timeline } from './timeline.svelte';
import type { Transfers } from './transfers.svelte';

/** What can be done with a message. */
export type MessageAction =
  | 'reply'
  | 'react'
  | 'edit'
  | 'forward'
  | 'copy'
  | 'select'
  | 'unread'
  | 'details'
  | 'save'
  | 'retry'
  | 'delete'
  | 'retract'
  | 'moderate';

/** What the surroundings allow. */
export interface Allowed {
  /** We may take others' messages in this room back. */
  moderates: boolean;
  files: boolean;
}

/** The actions that make sense for a message, in the order of the menu. */
export function actionsFor(message: MessageView, { moderates, files }: Allowed): MessageAction[] {
  if (message.kind === 'event' || message.retracted !== null) return [];
  const mine = message.direction === 'outgoing';
  const state = message.delivery?.state;
  if (state === 'failed') return ['retry', 'copy', 'select', 'details', 'delete'];
  const actions: MessageAction[] = ['reply', 'react'];
  if (mine && message.kind === 'text') actions.push('edit');
  actions.push('forward');
  if (message.text !== '') actions.push('copy');
  if (files && message.attachments.length > 0) actions.push('save');
  actions.push('select', 'unread', 'details');
  if (mine) actions.push('retract');
  else if (moderates) actions.push('moderate');
  return actions;
}

export interface ActionsHost {
  rpc: Rpc;
  account: string;
  timeline: Timeline;
  composer: Composer;
  here: Here;
  takenBack: TakenBack;
  nudges: Nudges;
  transfers: Transfers;
  playback: Playback;
}

/** Somebody in a room who is not known to have read a message. */
export interface Unread extends Nudged {
  /** With what tells people of one name apart. */
  label: string;
}

/** Reminding those who have not read a message. */
export interface Nudge {
  /** So many people it names. */
  count: number;
  /** It was done a while ago. */
  sent: boolean;
  send: () => Promise<boolean>;
}

/** What the dialogs of a conversation show. */
export type Asking =
  | { what: 'details'; details: MessageDetails; unread: readonly Unread[] }
  | { what: 'forward'; messages: MessageView[] }
  | { what: 'moderate'; message: MessageView };

/** Doing things with the messages of the open conversation. */
export class MessageActions {
  readonly #host: ActionsHost;
  readonly #selection: Selection;
  readonly #forwards = new Forwards();
  #dragging = false;
  /** Rises with each dialog that is wanted, or not wanted any more. */
  #asked = 0;
  #asking = $state.raw<Asking | null>(null);
  #problem = $state.raw<ApiError | null>(null);

  constructor(host: ActionsHost) {
    this.#host = host;
    this.#selection = new Selection(host.timeline);
  }

  get allowed(): Allowed {
    return {
      moderates: this.#host.here.moderates,
      files: this.#host.rpc.files !== undefined,
    };
  }

  get files(): FileRuntime | undefined {
    return this.#host.rpc.files;
  }

  /** Files on their way. */
  get transfers(): Transfers {
    return this.#host.transfers;
  }

  /** The one player of sounds. */
  get playback(): Playback {
    return this.#host.playback;
  }

  /** Plays a sound of a message, or stops it. */
  play(message: MessageView, index: number): Promise<void> {
    const { conversation } = this.#host.timeline;
    const track = { conversation, message: message.id, index, name: message.author_name };
    return this.#host.playback.toggle(track, () => this.showFile(message, index, true));
  }

  /** Pictures, files and links of the conversation. */
  listFiles(): ConversationFiles {
    const { rpc, account, here } = this.#host;
    return new ConversationFiles(rpc, account, here.conversation);
  }

  /** The chosen messages by id; nothing while none are being chosen. */
  get selection(): ReadonlyMap<number, MessageView> | null {
    return this.#selection.messages;
  }

  get asking(): Asking | null {
    return this.#asking;
  }

  /** Why the last action was not done. */
  get problem(): ApiError | null {
    return this.#problem ?? this.transfers.problem;
  }

  /** The chosen ones in their order. */
  get selected(): MessageView[] {
    return [...(this.selection?.values() ?? [])];
  }

  closeDialog(): void {
    this.#asked += 1;
    this.#asking = null;
    this.#problem = null;
  }

  dismissProblem(): void {
    this.#problem = null;
    this.transfers.dismissProblem();
  }

  reply(message: MessageView): void {
    this.#host.composer.answer(message);
  }

  edit(message: MessageView): void {
    this.#host.composer.edit(message);
  }

  /** Adds our reaction, or takes it away if it is there. */
  react(message: MessageView, emoji: string): Promise<boolean> {
    const mine = message.reactions.filter((one) => one.mine).map((one) => one.emoji);
    const emojis = mine.includes(emoji)
      ? mine.filter((one) => one !== emoji)
      : [...mine, emoji].slice(-20);
    return this.#do(() => this.#host.rpc.messaging.react(this.#host.account, message.id, emojis));
  }

  async retract(message: MessageView): Promise<boolean> {
    const done = await this.#do(() =>
      this.#host.rpc.messaging.retract(this.#host.account, message.id),
    );
    if (done) this.#host.takenBack.add(message);
    return done;
  }

  /** The text of an own message that was taken back goes into the field again. */
  editAgain(message: MessageView): void {
    const text = this.#host.takenBack.textOf(message.id);
    if (text === undefined) return;
    const { composer } = this.#host;
    composer.stopEditing();
    composer.input(composer.text === '' ? text : `${text}\n${composer.text}`);
  }

  canEditAgain(message: MessageView): boolean {
    return (
      message.direction === 'outgoing' && this.#host.takenBack.textOf(message.id) !== undefined
    );
  }

  async moderate(message: MessageView, reason: string): Promise<boolean> {
    const { rpc, account, here } = this.#host;
    return this.#do(() => rpc.messaging.moderate(account, here.conversation, message.id, reason));
  }

  ask(asking: Asking): void {
    this.#asked += 1;
    this.#problem = null;
    this.#asking = asking;
  }

  async showDetails(message: MessageView): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    await this.#do(async () => {
      const { rpc, account, here } = this.#host;
      const asksWho = here.isRoom && message.direction === 'outgoing';
      const [details] = await Promise.all([
        rpc.messaging.details(account, message.id),
        asksWho ? here.wantPeople() : null,
      ]);
      if (asked !== this.#asked) return;
      const { people } = here;
      const readers = details.deliveries.filter(({ read_ms }) => read_ms !== null);
      const is = (reader: DeliveryView, one: Namable) =>
        reader.address === null ? reader.name === one.name : reader.address === one.address;
      // Who had another nickname when they read it is named as they are known now.
      for (const delivery of details.deliveries) {
        if (delivery.address === null) continue;
        delivery.name = people.find((one) => is(delivery, one))?.name ?? delivery.name;
      }
      const names = people
        .filter((one) => !readers.some((reader) => is(reader, one)))
        .map(({ name, address, department }) => {
          const twice = people.filter((one) => one.name === name).length > 1;
          const label = twice && department !== '' ? `${name} (${department})` : name;
          return { name, address, label };
        });
      this.#asking = { what: 'details', details, unread: asksWho ? names : [] };
    });
  }

  /** Reminds people of a message with an answer that names them. */
  nudgeFor({ details, unread }: Extract<Asking, { what: 'details' }>): Nudge | null {
    const { rpc, account, here, nudges } = this.#host;
    const { id, delivery } = details.message;
    const isSent = delivery !== null && ['sent', 'delivered', 'read'].includes(delivery.state);
    if (!isSent || unread.length === 0 || here.room?.role === 'visitor') return null;
    return {
      count: Math.min(unread.length, MOST_NUDGED),
      sent: nudges.has(id),
      send: () =>
        this.#do(async () => {
          if (nudges.has(id)) return;
          const { text, mentions } = nudgeText(unread, i18n.t('nudge.text'));
          await rpc.messaging.send(account, here.conversation, text, id, mentions);
          nudges.add(id);
        }),
    };
  }

  async forward(messages: readonly MessageView[], conversation: string): Promise<boolean> {
    const { rpc, account } = this.#host;
    return this.#do(() =>
      this.#forwards.send(messages, conversation, (id) =>
        rpc.messaging.forward(account, id, conversation),
      ),
    );
  }

  async save(message: MessageView): Promise<void> {
    for (const index of message.attachments.keys()) await this.saveFile(message, index);
  }

  async saveFile(message: MessageView, index: number): Promise<void> {
    await this.#do(async () => {
      await this.#host.rpc.files?.save(this.#host.account, message.id, index);
    });
  }

  async openFile(message: MessageView, index: number): Promise<void> {
    await this.#do(async () => {
      await this.#host.rpc.files?.open(this.#host.account, message.id, index);
    });
  }

  /** Whether a file of ours is on its way out of the window. */
  get dragging(): boolean {
    return this.#dragging;
  }

  /** Hands a file to the pointer, for another program. */
  async dragFile(message: MessageView, index: number, released: AbortSignal): Promise<void> {
    this.#dragging = true;
    await this.#do(async () => {
      await this.#host.rpc.files?.drag(this.#host.account, message.id, index, released);
    });
    this.#dragging = false;
  }

  /** Something that a picture or player can show; nothing where files are not handled. */
  async showFile(message: MessageView, index: number, asked = false): Promise<string | undefined> {
    return this.#host.rpc.files?.show(this.#host.account, message.id, index, asked);
  }

  /** Puts a picture that is shown onto the clipboard; whether that worked. */
  async copyPicture(source: string): Promise<boolean> {
    const png = await pngOf(source).catch(() => null);
    return png !== null && copyPicture(this.#host.rpc, png);
  }

  /** Opens a link outside; it was checked before. */
  openLink(href: string): Promise<boolean> {
    return this.#do(() => this.#host.rpc.openLink(href));
  }

  startSelecting(message: MessageView): void {
    this.#forwards.forget();
    this.#selection.start(message);
  }

  toggle(message: MessageView): void {
    this.#selection.toggle(message);
  }

  stopSelecting(): void {
    this.#forwards.forget();
    this.#selection.stop();
  }

  async #do(work: () => Promise<unknown>): Promise<boolean> {
    this.#problem = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
      return false;
    } finally {
      void this.#host.timeline.refresh();
    }
  }
}

import { apiError } from '../errors/api-failure';
import { fileTime } from '../i18n/format';
import { i18n } from '../i18n/i18n.svelte';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Rpc } from '../rpc/client';
import { microphone, type Sound } from '../sound/microphone';
import { Composer } from './composer.svelte';
import { Here } from './here.svelte';
import { VoiceMessage } from './voice-message.svelte';

/**
 * What is being written and said with one account, by conversation, and which of them is
 * open. It outlives the session: neither another conversation nor the lock nor another
 * account costs anybody a word. The drafts of the engine are for restarts.
 */
export class Desk {
  /** The conversation that a session of this account begins with, if it is there. */
  conversation: string | null = null;
  readonly #rpc: Rpc;
  readonly #account: string;
  /** Those that hold something, and the one that is open. */
  readonly #composers = new Map<string, Composer>();
  #open: Composer | null = null;
  #sent: (conversation: string) => void = () => undefined;

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  /** The session that is to hear of what was sent. */
  serve(sent: (conversation: string) => void): void {
    this.#sent = sent;
  }

  /** What is being written in this conversation, which is open from now on. */
  take(row: ConversationView): Composer {
    const composer = this.#composers.get(row.id) ?? this.#make(row);
    this.#composers.set(row.id, composer);
    this.conversation = row.id;
    this.#open = composer;
    return composer;
  }

  /** The conversation is left; `listed` brings the list up to date. */
  async leave(composer: Composer, listed: () => Promise<void>): Promise<void> {
    if (this.#open === composer) this.#open = null;
    await Promise.all([composer.leave(), composer.voice?.finish()]);
    // Until then the list tells of an older draft, and who comes back has the newer one here.
    await listed();
    if (this.#open !== composer && !composer.holdsSomething) {
      this.#composers.delete(composer.conversation);
    }
  }

  /** The account is gone from this device, and with it all of this. */
  clear(): void {
    for (const composer of this.#composers.values()) {
      composer.files.cancel();
      composer.voice?.cancel();
    }
    this.#composers.clear();
  }

  #make({ id, kind, draft }: ConversationView): Composer {
    return new Composer({
      rpc: this.#rpc,
      account: this.#account,
      conversation: id,
      draft,
      here: new Here(this.#rpc, this.#account, id, kind === 'room'),
      voice: new VoiceMessage({
        microphone: this.#rpc.files ? microphone() : null,
        send: async (sound) => {
          await this.#sendVoice(id, sound);
          this.#sent(id);
        },
      }),
      sent: () => this.#sent(id),
    });
  }

  async #sendVoice(conversation: string, { bytes, end }: Sound): Promise<void> {
    const { files } = this.#rpc;
    if (!files) throw apiError('not-supported');
    const name = i18n.t('voice.file-name', { time: fileTime(Date.now()), end });
    const file = { name, mediaType: bytes.type, bytes, width: null, height: null };
    await files.send(this.#account, conversation, [file], '', null);
  }
}

/** The desks of all accounts. */
export class Desks {
  readonly #rpc: Rpc;
  readonly #all = new Map<string, Desk>();

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  of(account: string): Desk {
    const desk = this.#all.get(account) ?? new Desk(this.#rpc, account);
    this.#all.set(account, desk);
    return desk;
  }

  /** Of accounts that are not on this device any more nothing stays. */
  keepOnly(accounts: readonly string[]): void {
    for (const [account, desk] of this.#all) {
      if (accounts.includes(account)) continue;
      desk.clear();
      this.#all.delete(account);
    }
  }
}

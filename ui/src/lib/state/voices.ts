import { fileTime } from '../i18n/format';
import { i18n } from '../i18n/i18n.svelte';
import { apiError } from '../errors/api-failure';
import type { Rpc } from '../rpc/client';
import { microphone } from '../sound/microphone';
import { VoiceMessage } from './voice-message.svelte';

/**
 * The voice messages that are being made, by conversation: what was said and not sent
 * is still there when one comes back.
 */
export class Voices {
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #sent: (conversation: string) => void;
  readonly #all = new Map<string, VoiceMessage>();

  constructor(rpc: Rpc, account: string, sent: (conversation: string) => void) {
    this.#rpc = rpc;
    this.#account = account;
    this.#sent = sent;
  }

  of(conversation: string): VoiceMessage {
    for (const [id, voice] of this.#all) if (!voice.active) this.#all.delete(id);
    let voice = this.#all.get(conversation);
    if (!voice) {
      voice = new VoiceMessage({
        microphone: this.#rpc.files ? microphone() : null,
        send: async ({ bytes, end }) => {
          const { files } = this.#rpc;
          if (!files) throw apiError('not-supported');
          const name = i18n.t('voice.file-name', { time: fileTime(Date.now()), end });
          const file = { name, mediaType: bytes.type, bytes, width: null, height: null };
          await files.send(this.#account, conversation, [file], '', null);
          this.#sent(conversation);
        },
      });
      this.#all.set(conversation, voice);
    }
    return voice;
  }

  close(): void {
    for (const voice of this.#all.values()) voice.cancel();
    this.#all.clear();
  }
}

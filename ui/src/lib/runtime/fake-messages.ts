import type { DeliveryView } from '../rpc/generated/DeliveryView';
import type { MentionInput } from '../rpc/generated/MentionInput';
import type { MentionView } from '../rpc/generated/MentionView';
import type { MessagePlace } from '../rpc/generated/MessagePlace';
import type { MessageRequest } from '../rpc/generated/MessageRequest';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Response } from '../rpc/generated/Response';
import type { VersionView } from '../rpc/generated/VersionView';
import { ME, plain } from './fixtures';

/** What the fake of messages sees of the fake team. */
export interface TalkingTeam {
  /** Throws if there is none. */
  find(id: number): MessageView;
  change(id: number, change: Partial<MessageView>): void;
  /** Resolves to its id; it goes its way to the others. */
  send(conversation: string, text: string, more?: Partial<MessageView>): number;
  now(): number;
  /** Who has a message, otherwise than its state says. */
  deliveries(): DeliveryView[] | null;
  /** Throws if there is none. */
  locate(conversation: string, place: MessagePlace): number;
}

/** What can be done with messages, with the behaviour of the contract. */
export class FakeMessages {
  readonly #team: TalkingTeam;
  readonly #versions = new Map<number, VersionView[]>();

  constructor(team: TalkingTeam) {
    this.#team = team;
  }

  answer(request: MessageRequest): Response {
    switch (request.action) {
      case 'send': {
        const mentions = request.mentions.map(mention);
        const answered = request.reply_to === null ? null : this.#team.find(request.reply_to);
        const reply = answered && {
          message: answered.id,
          author_name: answered.author_name,
          excerpt: answered.text.slice(0, 200),
        };
        const value = this.#team.send(request.conversation, request.text, { reply, mentions });
        return { type: 'message', value };
      }
      case 'edit':
        this.#edit(request.message, request.text, request.mentions);
        return { type: 'done' };
      case 'react':
        this.#react(request.message, request.emojis);
        return { type: 'done' };
      case 'retract':
        this.#team.change(request.message, { ...plain, text: '', retracted: { by: null } });
        return { type: 'done' };
      case 'forward': {
        const { text, attachments } = this.#team.find(request.message);
        return {
          type: 'message',
          value: this.#team.send(request.conversation, text, { attachments }),
        };
      }
      case 'locate':
        return {
          type: 'message',
          value: this.#team.locate(request.conversation, request.place),
        };
      case 'details':
        return this.#details(request.message);
    }
  }

  #edit(id: number, text: string, mentions: MentionInput[]): void {
    const before = this.#team.find(id);
    const time_ms = before.edited_ms ?? before.time_ms;
    this.#versions.set(id, [...(this.#versions.get(id) ?? []), { text: before.text, time_ms }]);
    const edited_ms = this.#team.now();
    this.#team.change(id, { text, edited_ms, mentions: mentions.map(mention) });
  }

  #react(id: number, emojis: readonly string[]): void {
    const reactions = this.#team
      .find(id)
      .reactions.map(({ emoji, names }) => ({ emoji, names, count: names.length, mine: false }));
    for (const emoji of emojis) {
      const known = reactions.find((one) => one.emoji === emoji);
      if (known) Object.assign(known, { mine: true, count: known.count + 1 });
      else reactions.push({ emoji, names: [], count: 1, mine: true });
    }
    this.#team.change(id, { reactions: reactions.filter(({ count }) => count > 0) });
  }

  #details(id: number): Response {
    const message = structuredClone(this.#team.find(id));
    const state = message.delivery?.state;
    const here = state === 'delivered' || state === 'read';
    const at = message.time_ms + 2_000;
    return {
      type: 'message-details',
      value: {
        message,
        waits: state === 'waiting',
        deliveries:
          this.#team.deliveries() ??
          (here
            ? [
                {
                  name: '王伟',
                  address: 'wangwei@valley.local',
                  delivered_ms: at,
                  read_ms: state === 'read' ? at + 60_000 : null,
                },
              ]
            : []),
        versions: this.#versions.get(id) ?? [],
      },
    };
  }
}

function mention({ start, end, address }: MentionInput): MentionView {
  return { start, end, address, me: address === ME };
}

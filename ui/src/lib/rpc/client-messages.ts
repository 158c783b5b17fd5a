import type { Ask } from './client-ask';
import type { MentionInput } from './generated/MentionInput';
import type { MessageDetails } from './generated/MessageDetails';
import type { MessagePlace } from './generated/MessagePlace';
import type { OccupantView } from './generated/OccupantView';
import type { MemberView } from './generated/MemberView';
import type { RoomView } from './generated/RoomView';
import type { SearchPage } from './generated/SearchPage';
import type { SearchFilters } from './generated/SearchFilters';

/** What is done with messages, and what the room around them says. */
export class MessagesRpc {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Resolves with the local id once the message is on disk. */
  send(
    account: string,
    conversation: string,
    text: string,
    reply_to: number | null,
    mentions: MentionInput[],
  ): Promise<number> {
    return this.#ask(
      { type: 'message', action: 'send', account, conversation, text, reply_to, mentions },
      'message',
    );
  }

  edit(account: string, message: number, text: string, mentions: MentionInput[]): Promise<void> {
    return this.#ask({ type: 'message', action: 'edit', account, message, text, mentions }, 'done');
  }

  /** All that we react with from now on. */
  react(account: string, message: number, emojis: string[]): Promise<void> {
    return this.#ask({ type: 'message', action: 'react', account, message, emojis }, 'done');
  }

  retract(account: string, message: number): Promise<void> {
    return this.#ask({ type: 'message', action: 'retract', account, message }, 'done');
  }

  /** Takes another's message back, for everybody in the room. */
  moderate(account: string, room: string, message: number, reason: string): Promise<void> {
    return this.#ask({ type: 'rooms', action: 'moderate', account, room, message, reason }, 'done');
  }

  /** Resolves with the local id of the copy. */
  forward(account: string, message: number, conversation: string): Promise<number> {
    return this.#ask(
      { type: 'message', action: 'forward', account, message, conversation },
      'message',
    );
  }

  details(account: string, message: number): Promise<MessageDetails> {
    return this.#ask({ type: 'message', action: 'details', account, message }, 'message-details');
  }

  /** Resolves with the local id of the message at a place; it may have to be fetched. */
  locate(account: string, conversation: string, place: MessagePlace): Promise<number> {
    return this.#ask(
      { type: 'message', action: 'locate', account, conversation, place },
      'message',
    );
  }

  /** For each day whether it has messages on this device. */
  days(account: string, conversation: string, starts_ms: number[]): Promise<boolean[]> {
    return this.#ask({ type: 'search', action: 'days', account, conversation, starts_ms }, 'days');
  }

  find(
    account: string,
    text: string,
    filters: SearchFilters,
    before: string | null,
    limit: number,
  ): Promise<SearchPage> {
    return this.#ask(
      { type: 'search', action: 'find', account, text, filters, before, limit },
      'search-page',
    );
  }

  room(account: string, room: string): Promise<RoomView> {
    return this.#ask({ type: 'rooms', action: 'get', account, room }, 'room');
  }

  occupants(account: string, room: string): Promise<OccupantView[]> {
    return this.#ask({ type: 'rooms', action: 'occupants', account, room }, 'occupants');
  }

  members(account: string, room: string): Promise<MemberView[]> {
    return this.#ask({ type: 'rooms', action: 'members', account, room }, 'members');
  }

  setSubject(account: string, room: string, subject: string): Promise<void> {
    return this.#ask({ type: 'rooms', action: 'set-subject', account, room, subject }, 'done');
  }
}

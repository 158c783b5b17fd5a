import { apiError } from '../errors/api-failure';
import type { DeliveryState } from '../rpc/generated/DeliveryState';
import type { MessagePlace } from '../rpc/generated/MessagePlace';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { FakeTalks } from './fake-talks';
import { plain } from './fixtures';

/** What the traffic sees of the fake team. */
export interface ConnectedTeam {
  readonly talks: FakeTalks;
  /** Messages that only the server has. */
  onServer(): readonly SearchHit[];
  online(): boolean;
  /** Does something later, if the team is lively. */
  later(ms: number, act: () => void): void;
  changed(conversation: string): void;
  rowChanged(conversation: string): void;
  setTyping(conversation: string, typing: boolean): void;
}

/** What is asked about conversations and their messages in the simplest way. */
export type TalkRequest = Extract<
  Request,
  {
    type:
      | 'start-conversation'
      | 'messages'
      | 'send-message'
      | 'retry-message'
      | 'delete-message'
      | 'set-draft'
      | 'set-typing'
      | 'mark-displayed';
  }
>;

/** Messages that come, go, and change on their way. */
export class FakeTraffic {
  readonly #team: ConnectedTeam;
  readonly #talks: FakeTalks;

  constructor(team: ConnectedTeam) {
    this.#team = team;
    this.#talks = team.talks;
  }

  answer(request: TalkRequest): Response {
    switch (request.type) {
      case 'start-conversation':
        this.#talks.of(request.contact);
        this.#team.rowChanged(request.contact);
        return { type: 'conversation', value: request.contact };
      case 'messages': {
        const { conversation, anchor, limit } = request;
        return { type: 'messages', value: this.#talks.window(conversation, anchor, limit) };
      }
      case 'send-message':
        return { type: 'message', value: this.send(request.conversation, request.text) };
      case 'retry-message':
        this.retry(request.message);
        return { type: 'done' };
      case 'delete-message':
        this.remove(request.message);
        return { type: 'done' };
      case 'set-draft':
        this.#talks.of(request.conversation).draft = request.text;
        this.#team.rowChanged(request.conversation);
        return { type: 'done' };
      case 'set-typing':
        return { type: 'done' };
      case 'mark-displayed': {
        const talk = this.#talks.of(request.conversation);
        talk.readUpTo = request.message;
        talk.decided.marked_unread = false;
        this.#team.rowChanged(request.conversation);
        return { type: 'done' };
      }
    }
  }

  receive(address: string, text: string, more: Partial<MessageView> = {}): MessageView {
    const talk = this.#talks.of(address);
    talk.typing = false;
    const message = this.#talks.add(talk, { direction: 'incoming', text, ago: 0, more });
    this.#team.changed(address);
    return message;
  }

  send(address: string, text: string, more: Partial<MessageView> = {}): number {
    const talk = this.#talks.of(address);
    talk.draft = '';
    const { id } = this.#talks.add(talk, { direction: 'outgoing', text, ago: 0, more });
    this.#team.changed(address);
    this.#progress(id);
    return id;
  }

  retry(id: number): void {
    this.setDelivery(id, { state: 'waiting' });
    this.#progress(id);
  }

  setDelivery(id: number, delivery: DeliveryState): void {
    this.change(id, { delivery });
  }

  change(id: number, change: Partial<MessageView>): void {
    const [address, message] = this.#talks.find(id);
    const talk = this.#talks.of(address);
    talk.messages[talk.messages.indexOf(message)] = { ...message, ...change };
    this.#team.changed(address);
  }

  remove(id: number): void {
    const [address, message] = this.#talks.find(id);
    const talk = this.#talks.of(address);
    talk.messages = talk.messages.filter((one) => one !== message);
    this.#team.changed(address);
  }

  /** The files of a message are at the server. */
  uploaded(id: number): void {
    const [, { attachments }] = this.#talks.find(id);
    const url = `https://files.valley.local/${id}`;
    this.change(id, {
      attachments: attachments.map((file) => ({ ...file, url, state: 'here' })),
      delivery: { state: 'sent' },
    });
  }

  /** What only the server has comes into the conversation when it is gone to. */
  locate(address: string, place: MessagePlace): number {
    const { messages, contact } = this.#talks.of(address);
    if (place.at === 'from') {
      const found = messages.find(({ time_ms }) => time_ms >= place.time_ms);
      if (!found) throw apiError('not-found');
      return found.id;
    }
    const hit = this.#team.onServer().find(({ archive_id }) => archive_id === place.id);
    if (!hit || !this.#team.online()) throw apiError(hit ? 'not-connected' : 'not-found');
    const id = this.#talks.nextId();
    const position = (messages[0]?.position ?? 1) - 1;
    messages.unshift({
      ...plain,
      id,
      position,
      direction: 'incoming',
      author: contact.address,
      author_name: hit.author_name,
      text: hit.excerpt,
      time_ms: hit.time_ms,
      delivery: null,
    });
    this.#team.changed(address);
    return id;
  }

  #progress(id: number): void {
    if (!this.#team.online()) return;
    const [address] = this.#talks.find(id);
    const { later, setTyping } = this.#team;
    later(250, () => this.setDelivery(id, { state: 'sent' }));
    later(600, () => this.setDelivery(id, { state: 'delivered' }));
    later(1400, () => this.setDelivery(id, { state: 'read' }));
    later(1800, () => setTyping(address, true));
    later(4200, () => this.receive(address, '好的，收到 👍'));
  }
}

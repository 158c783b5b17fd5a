import { apiError } from '../errors/api-failure';
import type { ContactView } from '../rpc/generated/ContactView';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { MessageView } from '../rpc/generated/MessageView';
import type { MessageWindow } from '../rpc/generated/MessageWindow';
import type { WindowAnchor } from '../rpc/generated/WindowAnchor';
import { type Decisions, undecided } from './fake-decisions';
import type { FakeRooms } from './fake-rooms';
import { type Line, ME, MY_NAME, nobody, plain } from './fixtures';

export interface Talk {
  contact: ContactView;
  messages: MessageView[];
  readUpTo: number;
  draft: string;
  typing: boolean;
  /** Messages before which something is missing. */
  gaps: number[];
  decided: Decisions;
  /** What its row says otherwise than the rest gives. */
  row: Partial<ConversationView>;
}

/** What the conversations see of the fake team. */
export interface TalkingTeam {
  readonly contacts: readonly ContactView[];
  readonly rooms: FakeRooms;
  now(): number;
}

/** The conversations in memory. */
export class FakeTalks {
  readonly all = new Map<string, Talk>();
  readonly #team: TalkingTeam;
  #lastId = 0;

  constructor(team: TalkingTeam) {
    this.#team = team;
  }

  /** A local id that no message has. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Local id of the message that was added last. */
  get lastId(): number {
    return this.#lastId;
  }

  of(address: string): Talk {
    let talk = this.all.get(address);
    if (!talk) {
      const contact = this.#team.contacts.find((one) => one.address === address) ?? {
        ...nobody,
        address,
        name: address.split('@')[0] ?? address,
      };
      talk = {
        contact,
        messages: [],
        readUpTo: 0,
        draft: '',
        typing: false,
        gaps: [],
        decided: undecided(),
        row: {},
      };
      this.all.set(address, talk);
    }
    return talk;
  }

  add(talk: Talk, line: Line): MessageView {
    const id = this.nextId();
    const mine = line.direction === 'outgoing';
    const message: MessageView = {
      ...plain,
      id,
      position: id,
      direction: line.direction,
      author: mine ? ME : talk.contact.address,
      author_name: mine ? MY_NAME : talk.contact.name,
      text: line.text,
      time_ms: this.#team.now() - line.ago * 60_000,
      delivery: mine ? (line.state ?? { state: 'waiting' }) : null,
      ...line.more,
    };
    talk.messages.push(message);
    return message;
  }

  find(id: number): [string, MessageView] {
    for (const [address, talk] of this.all) {
      const message = talk.messages.find((one) => one.id === id);
      if (message) return [address, message];
    }
    throw apiError('not-found');
  }

  unread(talk: Talk): MessageView[] {
    return talk.messages.filter(
      (message) => message.direction === 'incoming' && message.id > talk.readUpTo,
    );
  }

  /** Ids of what is unread, the oldest first. */
  unreadIds(address: string): number[] {
    return this.unread(this.of(address)).map(({ id }) => id);
  }

  rows(): ConversationView[] {
    const rows = [...this.all].map(([id, talk]): ConversationView => {
      const last = talk.messages.at(-1);
      return {
        id,
        kind: this.#team.rooms.rooms.has(id) ? 'room' : 'direct',
        name: this.#team.rooms.name(id) ?? talk.contact.name,
        presence: talk.contact.presence,
        preview: last ? preview(last) : '',
        ...previewMedia(last),
        preview_is_mine: last?.direction === 'outgoing',
        preview_author: last?.author_name ?? '',
        last_activity_ms: last?.time_ms ?? null,
        last_state: last?.delivery ?? null,
        unread: this.unread(talk).length,
        unread_mentions: 0,
        marked_unread: talk.decided.marked_unread,
        notify: talk.decided.notify,
        muted_until_ms: talk.decided.muted_until_ms,
        pinned: talk.decided.pin > 0,
        archived: talk.decided.archived,
        draft: talk.draft,
        typing: talk.typing,
        ...talk.row,
      };
    });
    const pin = (row: ConversationView): number =>
      this.of(row.id).decided.pin || Number.POSITIVE_INFINITY;
    return rows.sort((a, b) =>
      pin(a) === pin(b) ? (b.last_activity_ms ?? 0) - (a.last_activity_ms ?? 0) : pin(a) - pin(b),
    );
  }

  window(address: string, anchor: WindowAnchor, limit: number): MessageWindow {
    const talk = this.of(address);
    const all = talk.messages;
    const at = anchor.at === 'latest' ? -1 : all.findIndex(({ id }) => id === anchor.message);
    let from = Math.max(0, all.length - limit);
    let to = all.length;
    if (anchor.at === 'before') {
      to = at;
      from = Math.max(0, at - limit);
    } else if (anchor.at === 'from') {
      from = at;
      to = at + limit;
    }
    return {
      messages: structuredClone(all.slice(from, to)),
      has_older: from > 0,
      gaps: talk.gaps.filter((id) => all.slice(from, to).some((message) => message.id === id)),
      first_unread: this.unread(talk)[0]?.id ?? null,
    };
  }
}

/** Of what kind the file is that the line is about. */
function previewMedia(message: MessageView | undefined): Partial<ConversationView> {
  const file = message?.text === '' ? message.attachments[0] : undefined;
  return file ? { preview_media: file.media_type ?? '' } : {};
}

/** A message in one line: its text, or the names of its files. */
function preview({ text, attachments }: MessageView): string {
  return (text || attachments.map(({ name }) => name).join(', ')).replaceAll('\n', ' ');
}

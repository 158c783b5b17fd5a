import { apiError } from '../errors/api-failure';
import type { ConversationRequest } from '../rpc/generated/ConversationRequest';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { NotifyLevel } from '../rpc/generated/NotifyLevel';
import type { Response } from '../rpc/generated/Response';

/** What the user decides about a conversation. */
export interface Decisions {
  notify: NotifyLevel;
  muted_until_ms: number | null;
  marked_unread: boolean;
  archived: boolean;
  /** Place among the pinned ones, from 1; 0 for one that is not pinned. */
  pin: number;
}

export function undecided(): Decisions {
  return { notify: 'all', muted_until_ms: null, marked_unread: false, archived: false, pin: 0 };
}

/** The conversations of the team in memory, as far as this file needs them. */
export interface DecidedTeam {
  readonly all: Map<string, { decided: Decisions; messages: { id: number }[]; readUpTo: number }>;
  rows(): ConversationView[];
  /** Ids of what is unread, the oldest first. */
  unreadIds(conversation: string): number[];
}

/** Answers as the engine would; what becomes of messages is in the map. */
export function decide(team: DecidedTeam, request: ConversationRequest): Response {
  switch (request.action) {
    case 'page': {
      const rows = team.rows().filter((row) => isWanted(row, request.which));
      const shown = rows.slice(request.skip, request.skip + request.limit);
      return { type: 'conversation-page', value: { rows: shown, total: rows.length } };
    }
    case 'rows': {
      const all = team.rows();
      const rows = all.filter(({ id }) => request.conversations.includes(id));
      return { type: 'conversation-page', value: { rows, total: all.length } };
    }
    case 'storage': {
      const talks = [...team.all.values()];
      const messages = talks.reduce((sum, talk) => sum + talk.messages.length, 0);
      const bytes = messages * 300;
      return {
        type: 'storage',
        value: {
          cache_bytes: bytes,
          used_bytes: bytes,
          messages,
          conversations: talks.length,
          files: 0,
          file_bytes: 0,
        },
      };
    }
    default:
      return decideOne(team, request);
  }
}

type AboutOne = Exclude<ConversationRequest, { action: 'page' | 'rows' | 'storage' }>;

function decideOne(team: DecidedTeam, request: AboutOne): Response {
  const talk = team.all.get(request.conversation);
  if (!talk) throw apiError('not-found');
  const { decided } = talk;
  switch (request.action) {
    case 'set-notify':
      decided.notify = request.notify;
      decided.muted_until_ms = request.until_ms;
      break;
    case 'pin':
      pin(team, decided, request.place);
      break;
    case 'unpin':
      decided.pin = 0;
      break;
    case 'archive':
      decided.archived = request.archived;
      break;
    case 'mark-unread':
      decided.marked_unread = true;
      if (request.from !== undefined) talk.readUpTo = request.from - 1;
      break;
    case 'remove':
      team.all.delete(request.conversation);
      break;
    case 'clear-cache': {
      const unread = team.unreadIds(request.conversation);
      talk.messages = talk.messages.filter(({ id }) => unread.includes(id));
      break;
    }
    case 'first-unread': {
      const unread = team.unreadIds(request.conversation);
      return {
        type: 'first-unread',
        value: { message: unread[0] ?? null, count: unread.length },
      };
    }
    case 'export':
      return {
        type: 'exported',
        value: {
          path: request.path,
          messages: talk.messages.length,
          files: 0,
          is_partial: false,
        },
      };
  }
  return { type: 'done' };
}

function pin(team: DecidedTeam, decided: Decisions, place: number | null): void {
  const others = [...team.all.values()]
    .map((talk) => talk.decided)
    .filter((other) => other !== decided && other.pin > 0)
    .sort((a, b) => a.pin - b.pin);
  others.splice(place ?? others.length, 0, decided);
  others.forEach((other, index) => {
    other.pin = index + 1;
  });
}

function isWanted(row: ConversationView, which: 'all' | 'active' | 'archived' | 'unread'): boolean {
  switch (which) {
    case 'all':
      return true;
    case 'active':
      return !row.archived;
    case 'archived':
      return row.archived;
    case 'unread':
      return row.unread > 0 || row.marked_unread;
  }
}

import { apiError } from '../errors/api-failure';
import type { ContactView } from '../rpc/generated/ContactView';
import type { ContentKind } from '../rpc/generated/ContentKind';
import type { MessageView } from '../rpc/generated/MessageView';
import type { NameHit } from '../rpc/generated/NameHit';
import type { Response } from '../rpc/generated/Response';
import type { SearchFilters } from '../rpc/generated/SearchFilters';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SearchRequest } from '../rpc/generated/SearchRequest';
import { isListedAsPicture } from '../text/file-kind';
import { loadPinyin, matchName } from '../text/pinyin';
import type { Talk } from './fake-talks';

type Asked<A extends SearchRequest['action']> = Extract<SearchRequest, { action: A }>;

/** What there is to be searched in the team in memory. */
export interface Searched {
  talks: ReadonlyMap<string, Talk>;
  contacts: readonly ContactView[];
  /** Name of a room; nothing for what is none. */
  room: (address: string) => string | undefined;
  /** What only the server has. */
  onServer: readonly SearchHit[];
}

export async function search(
  request: SearchRequest,
  account: string,
  team: Searched,
): Promise<Response> {
  switch (request.action) {
    case 'names':
      await loadPinyin();
      return { type: 'names', value: names(request, account, team) };
    case 'days':
      return { type: 'days', value: days(request, team) };
    case 'find':
      return page(request, find(request, account, team));
    case 'find-on-server':
      return page(request, onServer(request, team));
  }
}

function names(
  { text, limit }: Asked<'names'>,
  account: string,
  { talks, contacts, room }: Searched,
): NameHit[] {
  const all = new Map<string, Omit<NameHit, 'highlights'>>();
  for (const [id, { contact, messages, row }] of talks) {
    const last_activity_ms = messages.at(-1)?.time_ms ?? null;
    const kind = row.kind ?? (room(id) === undefined ? 'direct' : 'room');
    const name = row.name ?? room(id) ?? contact.name;
    all.set(id, { account, id, kind, name, in_list: true, last_activity_ms });
  }
  for (const { address: id, name } of contacts) {
    if (all.has(id)) continue;
    all.set(id, { account, id, kind: 'direct', name, in_list: false, last_activity_ms: null });
  }
  return [...all.values()]
    .flatMap((hit) => {
      const match = matchName(hit.name, text);
      return match ? [{ hit: { ...hit, highlights: match.ranges }, rank: match.rank }] : [];
    })
    .sort(
      (a, b) => a.rank - b.rank || (b.hit.last_activity_ms ?? 0) - (a.hit.last_activity_ms ?? 0),
    )
    .slice(0, limit)
    .map(({ hit }) => hit);
}

function days({ conversation, starts_ms }: Asked<'days'>, { talks }: Searched): boolean[] {
  const messages = talks.get(conversation)?.messages ?? [];
  return starts_ms
    .slice(1)
    .map((end, index) =>
      messages.some(({ time_ms }) => time_ms >= (starts_ms[index] ?? 0) && time_ms < end),
    );
}

function find(request: Asked<'find'>, account: string, { talks, room }: Searched): SearchHit[] {
  const hits = [...talks].flatMap(([conversation, { contact, messages, row }]) =>
    messages
      .filter((message) => passes(message, conversation, request.filters))
      .flatMap((message): SearchHit[] => {
        const highlights = mark(message.text, request.text);
        if (highlights === null) return [];
        return [
          {
            account,
            conversation,
            conversation_name: row.name ?? room(conversation) ?? contact.name,
            message: message.id,
            archive_id: null,
            author: message.author,
            author_name: message.author_name,
            time_ms: message.time_ms,
            excerpt: message.text.replaceAll('\n', ' '),
            highlights,
          },
        ];
      }),
  );
  return hits.sort((a, b) => b.time_ms - a.time_ms);
}

function onServer(request: Asked<'find-on-server'>, { onServer }: Searched): SearchHit[] {
  return onServer.flatMap((hit) => {
    const highlights = mark(hit.excerpt, request.text);
    return highlights === null ? [] : [{ ...hit, highlights }];
  });
}

function page({ before, limit }: Asked<'find' | 'find-on-server'>, hits: SearchHit[]): Response {
  const from = before === null ? 0 : Number(before);
  if (!Number.isInteger(from)) throw apiError('internal');
  const shown = hits.slice(from, from + limit);
  const next = from + limit < hits.length ? String(from + limit) : null;
  return { type: 'search-page', value: { hits: shown, next } };
}

/** Where each word is; null if one is missing. */
function mark(text: string, wanted: string): { start: number; end: number }[] | null {
  const lower = text.toLowerCase();
  const ranges: { start: number; end: number }[] = [];
  for (const word of wanted.toLowerCase().split(/\s+/).filter(Boolean)) {
    const start = lower.indexOf(word);
    if (start < 0) return null;
    ranges.push({ start, end: start + word.length });
  }
  return ranges.sort((a, b) => a.start - b.start);
}

function passes(message: MessageView, conversation: string, filters: SearchFilters): boolean {
  const { author, from_ms, to_ms, kind } = filters;
  return (
    (filters.conversation === null || filters.conversation === conversation) &&
    (author === null || author === message.author) &&
    (from_ms === null || message.time_ms >= from_ms) &&
    (to_ms === null || message.time_ms < to_ms) &&
    (kind === null || KINDS[kind](message))
  );
}

const KINDS: Record<ContentKind, (message: MessageView) => boolean> = {
  text: ({ text, attachments }) => text !== '' && attachments.length === 0,
  file: ({ attachments }) => attachments.some((file) => !isListedAsPicture(file)),
  image: ({ attachments }) => attachments.some(isListedAsPicture),
  link: ({ text }) => /https?:\/\//.test(text),
};

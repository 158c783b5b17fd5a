import type { NameHit } from '../rpc/generated/NameHit';
import type { Response } from '../rpc/generated/Response';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SearchRequest } from '../rpc/generated/SearchRequest';
import type { Talk } from './fake';

/** Without filters, and in one page: those are the engine's own matter. */
export function search(
  request: SearchRequest,
  account: string,
  all: ReadonlyMap<string, Talk>,
): Response {
  const wanted = request.text.toLowerCase();
  const mark = (text: string) => {
    const start = text.toLowerCase().indexOf(wanted);
    return start < 0 ? [] : [{ start, end: start + wanted.length }];
  };
  const talks = [...all];
  if (request.action === 'names') {
    const hits = talks.map(([id, { contact, messages }]): NameHit => ({
      account,
      id,
      kind: 'direct',
      name: contact.name,
      highlights: mark(contact.name),
      in_list: true,
      last_activity_ms: messages.at(-1)?.time_ms ?? null,
    }));
    return { type: 'names', value: hits.filter(({ highlights }) => highlights.length > 0) };
  }
  const hits = talks.flatMap(([conversation, { contact, messages }]) =>
    messages.map((message): SearchHit => ({
      account,
      conversation,
      conversation_name: contact.name,
      message: message.id,
      archive_id: null,
      author: message.author,
      author_name: message.author_name,
      time_ms: message.time_ms,
      excerpt: message.text,
      highlights: mark(message.text),
    })),
  );
  const found = hits
    .filter(({ highlights }) => highlights.length > 0)
    .sort((a, b) => b.time_ms - a.time_ms)
    .slice(0, request.limit);
  return { type: 'search-page', value: { hits: found, next: null } };
}

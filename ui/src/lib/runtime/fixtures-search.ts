import type { SearchHit } from '../rpc/generated/SearchHit';
import type { SearchPage } from '../rpc/generated/SearchPage';
import { ACCOUNT, type FakeRuntime } from './fake';

/** A message that was found; the later its number, the newer it is. */
export function searchHit(message: number): SearchHit {
  return {
    account: ACCOUNT,
    conversation: 'wangwei@valley.local',
    conversation_name: '王伟',
    message,
    archive_id: null,
    author: 'wangwei@valley.local',
    author_name: '王伟',
    time_ms: Date.parse('2024-05-01T08:00:00Z') + message * 60_000,
    excerpt: `Note ${message}`,
    highlights: [],
  };
}

/**
 * Answers searches on this device with these pages, one after another; then
 * with nothing. What is returned are the places from which was asked.
 */
export function answerSearches(
  fake: FakeRuntime,
  pages: readonly (SearchPage | Promise<SearchPage>)[],
): (string | null)[] {
  const request = fake.request.bind(fake);
  const asked: (string | null)[] = [];
  fake.request = async (wanted) => {
    if (wanted.type !== 'search' || wanted.action !== 'find') return request(wanted);
    const page = pages[asked.length] ?? { hits: [], next: null };
    asked.push(wanted.before);
    return { type: 'search-page', value: await page };
  };
  return asked;
}

/** A page that comes when it is given. */
export function latePage(): { page: Promise<SearchPage>; give: (page: SearchPage) => void } {
  let give: (page: SearchPage) => void = () => undefined;
  const page = new Promise<SearchPage>((resolve) => {
    give = resolve;
  });
  return { page, give };
}

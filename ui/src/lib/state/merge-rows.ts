import type { ConversationView } from '../rpc/generated/ConversationView';

/**
 * The rows with some of them read again, each where it belongs: a pinned one where it is,
 * the others by their newest message. Those that were asked for and did not come are gone.
 * Null if that cannot be told, because one was pinned or unpinned.
 */
export function mergeRows(
  rows: readonly ConversationView[],
  asked: ReadonlySet<string>,
  fresh: readonly ConversationView[],
): ConversationView[] | null {
  const byId = new Map(fresh.map((row) => [row.id, row]));
  const merged: ConversationView[] = [];
  const places = new Set<string>();
  for (const row of rows) {
    if (!asked.has(row.id)) {
      merged.push(row);
      continue;
    }
    const now = byId.get(row.id);
    if (!now) continue;
    if (now.pinned !== row.pinned) return null;
    if (!now.pinned && compare(now, row) !== 0) continue;
    merged.push(now);
    places.add(row.id);
  }
  for (const row of fresh) {
    if (places.has(row.id)) continue;
    if (row.pinned) return null;
    merged.splice(place(merged, row), 0, row);
  }
  return merged;
}

/** Before the first that comes after it. */
function place(rows: readonly ConversationView[], row: ConversationView): number {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = rows[middle];
    if (other && (other.pinned || compare(other, row) < 0)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The engine's order of those that are not pinned: the newest first, the empty ones last by name. */
function compare(a: ConversationView, b: ConversationView): number {
  const [first, second] = [a.last_activity_ms, b.last_activity_ms];
  if (first !== second) {
    if (first === null) return 1;
    if (second === null) return -1;
    return second - first;
  }
  return byUnits(a.name, b.name) || byUnits(a.id, b.id);
}

function byUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MessageView } from '../rpc/generated/MessageView';
import { plain } from '../runtime/fixtures';
import { startOfDay } from '../i18n/format';
import { timelineDays } from './days';

const at = (text: string) => Date.parse(`2024-05-${text}+08:00`);
let nextId = 0;

function message(author: string, time: string): MessageView {
  nextId += 1;
  return {
    ...plain,
    id: nextId,
    position: nextId,
    direction: author === 'me' ? 'outgoing' : 'incoming',
    author,
    author_name: author,
    text: time,
    time_ms: at(time),
    delivery: null,
  };
}

/** The days as text: `day`, `new`, `gap`, `events n`, or an author with the times of the block. */
function outline(
  messages: MessageView[],
  newFrom: number | null = null,
  gaps: number[] = [],
): string[] {
  const lines: string[] = [];
  for (const day of timelineDays(messages, newFrom, new Set(gaps))) {
    lines.push('day');
    for (const item of day.items) {
      if (item.kind === 'events') lines.push(`events ${item.messages.length}`);
      else if (item.kind !== 'message') lines.push(item.kind);
      else if (item.head) lines.push(`${item.message.author} ${item.message.text.slice(3)}`);
      else lines[lines.length - 1] += ` ${item.message.text.slice(3)}`;
    }
  }
  return lines;
}

test('U21: neighbours by one author within five minutes are one block', () => {
  const messages = [
    message('rosa', '10T10:00'),
    message('rosa', '10T10:04'),
    message('rosa', '10T10:08'),
    message('rosa', '10T10:13'),
    message('me', '10T10:13'),
    message('rosa', '10T10:14'),
  ];
  expect(outline(messages)).toEqual([
    'day',
    'rosa 10:00 10:04 10:08',
    'rosa 10:13',
    'me 10:13',
    'rosa 10:14',
  ]);
});

test('U22: local midnight ends a block', () => {
  const messages = [message('rosa', '10T23:59'), message('rosa', '11T00:01')];
  expect(outline(messages)).toEqual(['day', 'rosa 23:59', 'day', 'rosa 00:01']);
});

test('U23: the line of new messages ends a block and stands below the separator of its day', () => {
  const [a, b, c] = [
    message('rosa', '10T10:00'),
    message('rosa', '10T10:01'),
    message('rosa', '11T09:00'),
  ];
  expect(outline([a, b, c], b.id)).toEqual([
    'day',
    'rosa 10:00',
    'new',
    'rosa 10:01',
    'day',
    'rosa 09:00',
  ]);
  expect(outline([a, b, c], c.id)).toEqual(['day', 'rosa 10:00 10:01', 'day', 'new', 'rosa 09:00']);
});

test('a line at a message that is not loaded is no line', () => {
  expect(outline([message('rosa', '10T10:00')], -1)).toEqual(['day', 'rosa 10:00']);
});

test('messages whose times go back keep their order, and every key is used once', () => {
  const messages = [
    message('rosa', '10T10:00'),
    message('rosa', '09T10:00'),
    message('rosa', '10T10:01'),
  ];
  const days = timelineDays(messages, null);
  expect(days).toHaveLength(3);
  expect(new Set(days.map(({ key }) => key)).size).toBe(3);
});

test('older messages in front leave the keys of later days as they were', () => {
  const later = [message('rosa', '10T10:00'), message('me', '11T10:00')];
  const before = timelineDays(later, null).map(({ key }) => key);
  const after = timelineDays([message('me', '09T10:00'), ...later], null).map(({ key }) => key);
  expect(after.slice(1)).toEqual(before);
});

test('nothing shows nothing', () => {
  expect(outline([])).toEqual([]);
});

describe.each([
  ['Europe/Berlin', new Date('2024-03-25T12:00:00Z'), 23],
  ['Europe/Berlin', new Date('2024-10-21T12:00:00Z'), 25],
  ['America/Sao_Paulo', new Date('2018-10-29T12:00:00Z'), 23],
  ['Australia/Lord_Howe', new Date('2024-04-01T12:00:00Z'), 24.5],
])('U22: in %s', (zone, from, odd) => {
  const before = process.env.TZ;
  beforeAll(() => (process.env.TZ = zone));
  afterAll(() => (process.env.TZ = before));

  test(`a separator stands at each local midnight, also on the day of ${odd} hours`, () => {
    // Every half hour of two weeks.
    const start = startOfDay(from.getTime());
    const times = Array.from({ length: 14 * 48 }, (_, index) => start + index * 1_800_000);
    const messages = times.map((time_ms) => ({ ...message('rosa', '10T10:00'), time_ms }));
    const days = timelineDays(messages, null);
    const dates = new Set(times.map((ms) => new Date(ms).toDateString()));
    expect(days).toHaveLength(dates.size);
    for (const day of days) {
      const shown = day.items.flatMap((item) =>
        item.kind === 'message' ? [new Date(item.message.time_ms).toDateString()] : [],
      );
      expect(new Set(shown).size).toBe(1);
    }
    // The zone holds: one day is shorter or longer, and is one day all the same.
    const lengths = days.slice(1, -1).map(({ items }) => items.length / 2);
    expect(lengths.filter((hours) => hours !== 24)).toEqual([odd]);
    expect(new Set(days.map(({ key }) => key)).size).toBe(days.length);
  });
});

test('U28: what stands on both sides of a gap are no neighbours', () => {
  const [a, b] = [message('rosa', '10T10:00'), message('rosa', '10T10:01')];
  expect(outline([a, b], null, [b.id])).toEqual(['day', 'rosa 10:00', 'gap', 'rosa 10:01']);
  expect(outline([a, b], b.id, [b.id])).toEqual(['day', 'rosa 10:00', 'gap', 'new', 'rosa 10:01']);
});

test('U99: things that happen one after another are one line, what somebody says ends it', () => {
  const event = (time: string) => ({ ...message('room', time), kind: 'event' as const });
  const messages = [
    event('10T10:00'),
    event('10T10:01'),
    message('rosa', '10T10:02'),
    event('10T10:03'),
    message('rosa', '10T10:04'),
  ];
  expect(outline(messages)).toEqual(['day', 'events 2', 'rosa 10:02', 'events 1', 'rosa 10:04']);
});

test('U27: older messages in front leave the keys of what is shown as they were', () => {
  const later = [message('rosa', '10T10:02'), message('rosa', '10T10:03')];
  const keys = (messages: MessageView[]) =>
    timelineDays(messages, null).flatMap((day) => day.items.map(({ key }) => key));
  const before = keys(later);
  expect(keys([message('rosa', '10T10:01'), ...later]).slice(1)).toEqual(before);
});

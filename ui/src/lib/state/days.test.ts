import { expect, test } from 'vitest';
import type { MessageView } from '../rpc/generated/MessageView';
import { plain } from '../runtime/fixtures';
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

/** The days as text: `day`, `new`, or an author with the times of the block. */
function outline(messages: MessageView[], newFrom: number | null = null): string[] {
  return timelineDays(messages, newFrom).flatMap((day) => [
    'day',
    ...day.items.map((item) =>
      item.kind === 'new'
        ? 'new'
        : `${item.author} ${item.messages.map(({ text }) => text.slice(3)).join(' ')}`,
    ),
  ]);
}

test('neighbours by one author within five minutes are one block', () => {
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

test('local midnight ends a block', () => {
  const messages = [message('rosa', '10T23:59'), message('rosa', '11T00:01')];
  expect(outline(messages)).toEqual(['day', 'rosa 23:59', 'day', 'rosa 00:01']);
});

test('the line of new messages ends a block and stands below the separator of its day', () => {
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

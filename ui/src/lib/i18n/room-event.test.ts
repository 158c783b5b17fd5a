import { afterEach, expect, test } from 'vitest';
import type { RoomEventView } from '../rpc/generated/RoomEventView';
import { i18n } from './i18n.svelte';
import { eventLine } from './room-event';

const event = (more: Partial<RoomEventView>): RoomEventView => ({
  what: 'joined',
  who: 'Anna',
  me: false,
  by: null,
  text: '',
  ...more,
});

afterEach(() => {
  i18n.locale = 'en';
});

test('U99: what happens in a room is a sentence in the reader’s language', () => {
  expect(eventLine(event({}))).toBe('Anna joined');
  expect(eventLine(event({ what: 'renamed', text: 'Ann' }))).toBe('Anna is now called Ann');
  expect(eventLine(event({ what: 'kicked', by: 'Wang' }))).toBe('Wang removed Anna');
  expect(eventLine(event({ what: 'kicked', me: true, by: 'Wang', text: 'Spam' }))).toBe(
    'Wang removed you: Spam',
  );
  expect(eventLine(event({ what: 'banned', me: true }))).toBe('You were banned');
  expect(eventLine(event({ what: 'made-admin', by: 'Wang' }))).toBe('Anna is now an admin');
  expect(eventLine(event({ what: 'subject', text: 'Plans' }))).toBe(
    'Anna changed the notice to “Plans”',
  );
  expect(eventLine(event({ what: 'subject', me: true }))).toBe('You removed the notice');
  i18n.locale = 'zh-CN';
  expect(eventLine(event({ what: 'kicked', by: '王伟', text: '广告' }))).toBe(
    '王伟 将 Anna 移出群聊：广告',
  );
});

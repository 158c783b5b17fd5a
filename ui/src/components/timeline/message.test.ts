import { render, screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { i18n } from '../../lib/i18n/i18n.svelte';
import type { MessageView } from '../../lib/rpc/generated/MessageView';
import { plain } from '../../lib/runtime/fixtures';
import Message from './Message.svelte';

function show(change: Partial<MessageView>): void {
  const message: MessageView = {
    ...plain,
    id: 1,
    position: 1,
    direction: 'incoming',
    author: 'anna@valley.local',
    author_name: 'Anna',
    text: 'Hello',
    time_ms: 0,
    delivery: null,
    ...change,
  };
  render(Message, { message, onretry: () => undefined, ondelete: () => undefined });
}

test('a plain message shows its text and nothing else', () => {
  show({});
  expect(screen.getByTestId('message-text')).toHaveTextContent('Hello');
  for (const more of ['reply', 'retracted', 'file', 'edited', 'reactions']) {
    expect(screen.queryByTestId(`message-${more}`)).toBeNull();
  }
});

test('what it answers, its files, its reactions and that it was edited are shown', () => {
  show({
    reply: { message: 7, author_name: 'Marc', excerpt: 'Where is it?' },
    edited_ms: 1,
    reactions: [{ emoji: '👍', count: 2, mine: true, names: ['Marc'] }],
    attachments: [
      {
        url: 'https://files.valley.local/map.png',
        name: 'map.png',
        media_type: null,
        size_bytes: null,
        width: null,
        height: null,
        description: null,
        save_name: 'map.png',
        state: 'remote',
      },
    ],
  });
  expect(screen.getByTestId('message-reply')).toHaveTextContent('Marc Where is it?');
  expect(screen.getByTestId('message-edited')).toHaveTextContent(i18n.t('message.edited'));
  expect(screen.getByTestId('message-reactions')).toHaveTextContent('👍 2');
  expect(screen.getByTestId('message-file')).toHaveTextContent('map.png');
});

test('of a message that was taken back only that is shown', () => {
  show({ text: '', retracted: { by: null } });
  expect(screen.queryByTestId('message-text')).toBeNull();
  expect(screen.getByTestId('message-retracted')).toHaveTextContent(i18n.t('message.retracted'));
});

test('a moderator is named as such', () => {
  show({ text: '', retracted: { by: '' } });
  expect(screen.getByTestId('message-retracted')).toHaveTextContent(i18n.t('message.removed'));
});

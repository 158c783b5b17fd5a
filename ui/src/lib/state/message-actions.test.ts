import { describe, expect, test } from 'vitest';
import type { MessageView } from '../rpc/generated/MessageView';
import { plain } from '../runtime/fixtures';
import { file } from '../runtime/fixtures-messages';
import { actionsFor } from './message-actions.svelte';

const none = { moderates: false, files: false };

function message(change: Partial<MessageView>): MessageView {
  return {
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
}

const mine = { direction: 'outgoing', delivery: { state: 'sent' } } as const;

describe('what can be done with a message', () => {
  test('of somebody else', () => {
    expect(actionsFor(message({}), none)).toEqual([
      'reply',
      'react',
      'forward',
      'copy',
      'select',
      'unread',
      'details',
    ]);
  });

  test('of our own', () => {
    const actions = actionsFor(message(mine), none);
    expect(actions).toContain('edit');
    expect(actions.at(-1)).toBe('retract');
  });

  test('in a room that we moderate', () => {
    expect(actionsFor(message({}), { ...none, moderates: true }).at(-1)).toBe('moderate');
    expect(actionsFor(message(mine), { ...none, moderates: true })).not.toContain('moderate');
  });

  test('with files, where files are handled', () => {
    const files = message({ kind: 'file', text: '', attachments: [file('a.pdf')], ...mine });
    expect(actionsFor(files, none)).not.toContain('save');
    expect(actionsFor(files, { ...none, files: true })).toContain('save');
    expect(actionsFor(files, { ...none, files: true })).not.toContain('edit');
    expect(actionsFor(files, none)).not.toContain('copy');
  });

  test('U63: that failed', () => {
    const failed = { ...mine, delivery: { state: 'failed', code: 'disk-full' } } as const;
    expect(actionsFor(message(failed), none)).toEqual([
      'retry',
      'copy',
      'select',
      'details',
      'delete',
    ]);
  });

  test('that was taken back, or is none: nothing', () => {
    expect(actionsFor(message({ retracted: { by: null } }), none)).toEqual([]);
    expect(actionsFor(message({ kind: 'event' }), none)).toEqual([]);
  });
});

import type { MessageKey } from '../i18n/keys';

/** What can be typed with a slash at the beginning of a message. */
export interface Command {
  name: string;
  /** What it does. */
  hint: MessageKey;
  /** Whether something has to follow it. */
  takesText: boolean;
  /** Only in rooms. */
  room: boolean;
}

export const commands: readonly Command[] = [
  { name: 'me', hint: 'command.me', takesText: true, room: false },
  { name: 'shrug', hint: 'command.shrug', takesText: false, room: false },
  { name: 'topic', hint: 'command.topic', takesText: true, room: true },
];

/** What a typed message leads to. */
export type Typed = { kind: 'say'; text: string } | { kind: 'topic'; text: string };

const SHRUG = '¯\\_(ツ)_/¯';

/** Reads commands; what is no command of ours, such as a path, is said as it is. */
export function readTyped(typed: string, inRoom: boolean): Typed {
  if (typed.startsWith('//')) return { kind: 'say', text: typed.slice(1) };
  const [, name = '', rest = ''] = /^\/([a-z]+)(?:\s+([\s\S]*))?$/.exec(typed) ?? [];
  switch (name) {
    case 'shrug':
      return { kind: 'say', text: rest.trim() === '' ? SHRUG : `${rest.trim()} ${SHRUG}` };
    case 'topic':
      if (inRoom) return { kind: 'topic', text: rest.trim() };
  }
  return { kind: 'say', text: typed };
}

import { i18n } from '../i18n/i18n.svelte';
import type { Locale, MessageKey } from '../i18n/keys';
import { commands } from '../text/commands';
import { type Emoji, findEmoji, loadEmoji, usedEmoji } from '../text/emoji';
import { loadPinyin, matchName } from '../text/pinyin';
import type { Here, Namable } from './here.svelte';

const MAX_OPTIONS = 8;

/** What was typed that can be completed, and where it stands. */
interface Trigger {
  kind: 'mention' | 'emoji' | 'command';
  query: string;
  from: number;
  to: number;
}

export type Option =
  | { kind: 'mention'; key: string; person: Namable }
  | { kind: 'emoji'; key: string; emoji: string; name: string }
  | { kind: 'command'; key: string; name: string; hint: MessageKey; takesText: boolean };

/** What is to be put into the text. */
export interface Completed {
  from: number;
  to: number;
  text: string;
  person: Namable | null;
}

/** The list of names, emoji or commands while one writes. */
export class Completion {
  readonly #here: Here;
  readonly #locale: () => Locale;
  #trigger = $state.raw<Trigger | null>(null);
  #emoji = $state.raw<readonly Emoji[]>([]);
  #pinyin = $state(false);
  #index = $state(0);
  /** Where a list was closed that is not to come back by itself. */
  #closedAt: number | null = null;
  #options = $derived.by((): Option[] => this.#find());

  constructor(here: Here, locale: () => Locale) {
    this.#here = here;
    this.#locale = locale;
  }

  get options(): readonly Option[] {
    return this.#options;
  }

  get open(): boolean {
    return this.#options.length > 0;
  }

  get index(): number {
    return Math.min(this.#index, Math.max(0, this.#options.length - 1));
  }

  set index(index: number) {
    this.#index = index;
  }

  /** The text or the caret has changed. */
  update(text: string, caret: number): void {
    const trigger = findTrigger(text, caret);
    if (trigger?.from !== this.#closedAt) this.#closedAt = null;
    const next = trigger !== null && this.#closedAt === null ? trigger : null;
    if (next?.query !== this.#trigger?.query || next?.from !== this.#trigger?.from) this.#index = 0;
    this.#trigger = next;
    if (next?.kind === 'mention') {
      void this.#here.wantPeople();
      if (!this.#pinyin) void loadPinyin().then(() => (this.#pinyin = true));
    } else if (next?.kind === 'emoji' && this.#emoji.length === 0) {
      void loadEmoji().then((all) => (this.#emoji = all));
    }
  }

  move(step: 1 | -1): void {
    const count = this.#options.length;
    if (count > 0) this.#index = (this.index + step + count) % count;
  }

  /** Goes away until something else is typed. */
  close(): void {
    this.#closedAt = this.#trigger?.from ?? null;
    this.#trigger = null;
  }

  take(option: Option | undefined = this.#options[this.index]): Completed | null {
    const trigger = this.#trigger;
    if (!trigger || !option) return null;
    const { from, to } = trigger;
    this.#trigger = null;
    switch (option.kind) {
      case 'mention':
        return { from, to, text: `@${option.person.name} `, person: option.person };
      case 'emoji':
        usedEmoji(option.emoji);
        return { from, to, text: option.emoji, person: null };
      case 'command':
        return { from, to, text: `/${option.name}${option.takesText ? ' ' : ''}`, person: null };
    }
  }

  #find(): Option[] {
    const trigger = this.#trigger;
    if (!trigger) return [];
    switch (trigger.kind) {
      case 'mention':
        return this.#people(trigger.query);
      case 'emoji':
        return findEmoji(this.#emoji, trigger.query, MAX_OPTIONS).map((one) => ({
          kind: 'emoji',
          key: one.emoji,
          emoji: one.emoji,
          name: one.names[this.#locale()],
        }));
      case 'command':
        return commands
          .filter(({ name, room }) => {
            // What is typed out needs no list: Enter is for sending then.
            const whole = name === trigger.query;
            return name.startsWith(trigger.query) && !whole && (!room || this.#here.isRoom);
          })
          .map(({ name, hint, takesText }) => ({
            kind: 'command',
            key: name,
            name,
            hint,
            takesText,
          }));
    }
  }

  /** Everybody in the room, once something of that was typed. */
  #everyone(query: string): Namable[] {
    if (!this.#here.namesEverybody || query === '') return [];
    const name = i18n.t('composer.everyone');
    const fits = matchName(name, query) ?? matchName('all', query);
    const people = i18n.count('composer.everyone-of', this.#here.people.length + 1);
    const address = this.#here.conversation;
    return fits ? [{ name, address, department: people, there: true }] : [];
  }

  #people(query: string): Option[] {
    void this.#pinyin;
    const everyone = this.#everyone(query);
    const ranked = this.#here.people.flatMap((person) => {
      const byName = matchName(person.name, query);
      const byDepartment = byName ? null : matchName(person.department, query);
      const fit = byName?.rank ?? (byDepartment ? byDepartment.rank + 10 : null);
      return fit === null ? [] : [{ person, rank: fit + (person.there ? 0 : 0.5) }];
    });
    const people = ranked.sort((a, b) => a.rank - b.rank).map(({ person }) => person);
    // Everybody is meant only by who says so: "@a" is Anna.
    const said = ['all', ...everyone.map(({ name }) => name)].includes(query.toLowerCase());
    const some = people.slice(0, MAX_OPTIONS - everyone.length);
    return (said ? [...everyone, ...some] : [...some, ...everyone]).map((person) => ({
      kind: 'mention',
      key: person.address,
      person,
    }));
  }
}

function findTrigger(text: string, caret: number): Trigger | null {
  const before = text.slice(0, caret);
  const mention = /(?:^|[^A-Za-z0-9._@-])@([^\s@]{0,30})$/u.exec(before);
  if (mention) return at('mention', mention[1] ?? '', caret);
  const emoji = /(?:^|\s):([\p{L}\p{N}_+-]{1,30})$/u.exec(before);
  const word = emoji?.[1] ?? '';
  if (word.length > 1 || /\p{Script=Han}/u.test(word)) return at('emoji', word, caret);
  const command = /^\/([a-z]*)$/.exec(before);
  return command ? at('command', command[1] ?? '', caret) : null;
}

function at(kind: Trigger['kind'], query: string, caret: number): Trigger {
  return { kind, query, from: caret - query.length - 1, to: caret };
}

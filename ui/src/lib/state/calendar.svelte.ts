import { startOfDay } from '../i18n/format';
import type { Rpc } from '../rpc/client';
import type { Timeline } from './timeline.svelte';

/** Six weeks: as many as a month can touch. */
const CELLS = 42;

export interface CalendarHost {
  rpc: Rpc;
  account: string;
  timeline(): Timeline | null;
}

/** One day of the page. */
export interface CalendarDay {
  /** Local midnight. */
  ms: number;
  /** It belongs to the month of the page. */
  within: boolean;
  future: boolean;
  /** Messages of it are on this device. */
  has: boolean;
}

/** Going to a day of the open conversation: a page of a calendar, and the day in hand. */
export class Calendar {
  readonly #host: CalendarHost;
  #open = $state(false);
  /** The day that the keyboard is at, as local midnight. */
  #at = $state(0);
  #today = $state(0);
  /** Days with messages, of all pages that were looked at. */
  #has = $state.raw<ReadonlySet<number>>(new Set());
  /** 1 is Monday, 7 is Sunday. */
  firstWeekday = $state(1);

  constructor(host: CalendarHost) {
    this.#host = host;
  }

  get open(): boolean {
    return this.#open;
  }

  get at(): number {
    return this.#at;
  }

  get days(): CalendarDay[] {
    const month = new Date(this.#at).getMonth();
    return this.#starts()
      .slice(0, CELLS)
      .map((ms) => ({
        ms,
        within: new Date(ms).getMonth() === month,
        future: ms > this.#today,
        has: this.#has.has(ms),
      }));
  }

  /** Opens on the day of what is on screen. */
  start(): void {
    const timeline = this.#host.timeline();
    if (!timeline) return;
    this.#today = startOfDay(Date.now());
    this.#at = Math.min(startOfDay(timeline.topMs ?? this.#today), this.#today);
    this.#has = new Set();
    this.#open = true;
    void this.#look();
  }

  close(): void {
    this.#open = false;
  }

  /** So many days on. */
  move(days: number): void {
    const day = new Date(this.#at);
    this.#goTo(new Date(day.getFullYear(), day.getMonth(), day.getDate() + days));
  }

  /** So many months on; on the last day of shorter ones. */
  moveMonths(months: number): void {
    const day = new Date(this.#at);
    const last = new Date(day.getFullYear(), day.getMonth() + months + 1, 0).getDate();
    const date = Math.min(day.getDate(), last);
    this.#goTo(new Date(day.getFullYear(), day.getMonth() + months, date));
  }

  /** To the first (-1) or last (1) day of the week. */
  moveToEdge(edge: 1 | -1): void {
    const before = this.#sinceWeekBegan(new Date(this.#at));
    this.move(edge < 0 ? -before : 6 - before);
  }

  /** Shows the first message of that day or after it. */
  async choose(ms: number): Promise<void> {
    this.close();
    await this.#host.timeline()?.seek({ at: 'from', time_ms: ms });
  }

  #goTo(day: Date): void {
    this.#at = Math.min(day.getTime(), this.#today);
    void this.#look();
  }

  #sinceWeekBegan(day: Date): number {
    return (day.getDay() - this.firstWeekday + 7) % 7;
  }

  /** When the days of the page begin, and when the last one ends. */
  #starts(): number[] {
    const at = new Date(this.#at);
    const first = new Date(at.getFullYear(), at.getMonth(), 1);
    const from = 1 - this.#sinceWeekBegan(first);
    return Array.from({ length: CELLS + 1 }, (_, index) =>
      new Date(at.getFullYear(), at.getMonth(), from + index).getTime(),
    );
  }

  async #look(): Promise<void> {
    const timeline = this.#host.timeline();
    if (!timeline) return;
    const starts = this.#starts();
    const { rpc, account } = this.#host;
    try {
      const has = await rpc.messaging.days(account, timeline.conversation, starts);
      if (timeline !== this.#host.timeline()) return;
      this.#has = new Set([...this.#has, ...starts.filter((_, index) => has[index] ?? false)]);
    } catch {
      // Any day can be chosen without it.
    }
  }
}

import { describe, expect, test, vi } from 'vitest';
import { longHistory } from '../../src/lib/runtime/fixtures';
import { picture } from '../../src/lib/runtime/fixtures-messages';
import type { FakeRuntime } from '../../src/lib/runtime/fake';
import { MAX_SHOWN } from '../../src/lib/state/shown-run.svelte';
import {
  firstOnScreen,
  frames,
  openWindow,
  row,
  rows,
  topOf,
  viewport,
  WANGWEI,
  wheel,
} from './stage';

/** Nothing may move by as much as this; what a screen can show is a whole pixel. */
const PIXEL = 0.5;

const history =
  (pages: number, unread = 0) =>
  (fake: FakeRuntime) => {
    fake.withAccount().withFiles();
    fake.fill(WANGWEI, longHistory(pages));
    const talk = fake.talks.get(WANGWEI)!;
    talk.readUpTo = talk.messages.at(-1 - unread)?.id ?? 0;
  };
const marked = (fake: FakeRuntime) =>
  fake.calls.flatMap((call) => (call.type === 'mark-displayed' ? [call.message] : []));
const id = (element: HTMLElement) => Number(element.dataset.id);
const bottom = () => viewport().getBoundingClientRect().bottom;

describe('opening', () => {
  test('without anything new shows the end', async () => {
    await openWindow(history(3));
    const { scrollHeight, scrollTop, clientHeight } = viewport();
    expect(scrollHeight - scrollTop - clientHeight).toBeLessThan(1);
  });

  test('U23: puts the line in the upper third and reads nothing below the fold', async () => {
    const { fake } = await openWindow(history(20, 300));
    const line = document.querySelector('[data-new-line]')!;
    expect(topOf(line)).toBeGreaterThan(0);
    expect(topOf(line)).toBeLessThan(viewport().clientHeight / 3);
    const read = marked(fake).at(-1)!;
    expect(row(read)!.getBoundingClientRect().bottom).toBeLessThanOrEqual(bottom() + 4);
    const next = row(read + 2) ?? row(read + 1)!;
    expect(next.getBoundingClientRect().bottom).toBeGreaterThan(bottom());
  });

  test('U23: with little that is new shows all of it', async () => {
    const { fake } = await openWindow(history(3, 2));
    expect(document.querySelector('[data-new-line]')).not.toBeNull();
    await vi.waitFor(() => expect(fake.talks.get(WANGWEI)!.readUpTo).toBeGreaterThanOrEqual(179));
  });
});

describe('U27: older messages', () => {
  test('come without a pixel of movement, page after page', async () => {
    const { timeline } = await openWindow(history(40));
    let worst = 0;
    for (let page = 0; page < 36; page += 1) {
      const before = timeline.messages[0]?.id;
      viewport().scrollTop = 200;
      const kept = firstOnScreen();
      const [name, top] = [id(kept), topOf(kept)];
      await vi.waitFor(() => expect(timeline.messages[0]?.id).not.toBe(before));
      await frames();
      worst = Math.max(worst, Math.abs(topOf(row(name)!) - top));
      expect(rows().length).toBeLessThanOrEqual(MAX_SHOWN);
    }
    expect(worst).toBeLessThan(PIXEL);
    expect(timeline.messages[0]?.id).toBeLessThan(1_700);
  });

  test('and newer ones, on the way back', async () => {
    const { timeline } = await openWindow(history(20, 1_100));
    let worst = 0;
    while (timeline.hasNewer) {
      const before = timeline.messages.at(-1)?.id;
      viewport().scrollTop = viewport().scrollHeight - viewport().clientHeight - 300;
      const kept = firstOnScreen();
      const [name, top] = [id(kept), topOf(kept)];
      await vi.waitFor(() => expect(timeline.messages.at(-1)?.id).not.toBe(before));
      await frames();
      worst = Math.max(worst, Math.abs(topOf(row(name)!) - top));
    }
    expect(worst).toBeLessThan(PIXEL);
    expect(timeline.messages.at(-1)?.id).toBe(1_200);
  });

  test('U71: pictures and other things above that get their size late move nothing', async () => {
    await openWindow((fake) => {
      history(2)(fake);
      fake.fill(
        WANGWEI,
        Array.from({ length: 12 }, (_, index) => ({
          direction: 'incoming' as const,
          text: 'look',
          ago: 20 - index,
          more: { attachments: [picture(`${index}.png`, 900, 600)] },
        })),
      );
    });
    await wheel(-600);
    const kept = firstOnScreen();
    const top = topOf(kept);
    const above = rows().filter((one) => topOf(one) < -300);
    for (const [index, one] of above.slice(-6).entries()) {
      one.style.minBlockSize = `${one.offsetHeight + 37.3 * (index + 1)}px`;
      await frames(2);
      expect(Math.abs(topOf(kept) - top)).toBeLessThan(PIXEL);
    }
    document.documentElement.style.fontSize = '100%';
    await frames();
    document.documentElement.style.fontSize = '';
    await frames();
    expect(Math.abs(topOf(kept) - top)).toBeLessThan(1);
  });

  test('are let go again further down, so that the page stays small', async () => {
    const { timeline } = await openWindow(history(40));
    while (timeline.hasOlder) {
      viewport().scrollTop = Math.max(0, viewport().scrollTop - 900);
      await frames(1);
      expect(rows().length).toBeLessThanOrEqual(MAX_SHOWN);
    }
    expect(timeline.messages[0]?.id).toBe(1);
    expect(timeline.hasNewer).toBe(true);
  });
});

describe('what comes in', () => {
  test('at the end is followed', async () => {
    const { fake } = await openWindow(history(2));
    fake.receive(WANGWEI, 'hello\n'.repeat(8));
    await vi.waitFor(() => expect(rows().at(-1)).toHaveTextContent('hello'));
    await frames();
    expect(rows().at(-1)!.getBoundingClientRect().bottom).toBeLessThanOrEqual(bottom());
  });

  test('U25: below does not move the view, and the pill counts it', async () => {
    const { fake } = await openWindow(history(4));
    await wheel(-900);
    const kept = firstOnScreen();
    const top = topOf(kept);
    for (let index = 0; index < 3; index += 1) fake.receive(WANGWEI, `new ${index}`);
    const pill = () => document.querySelector('[data-testid="to-latest"]');
    await vi.waitFor(() => expect(pill()).toHaveTextContent('3 new messages'));
    await frames();
    expect(topOf(kept)).toBe(top);
    expect(marked(fake)).toEqual([]);
  });

  test('U24: is below a line that stays while one reads', async () => {
    const { fake } = await openWindow(history(4, 40));
    for (let step = 0; step < 12; step += 1) await wheel(300);
    expect(fake.talks.get(WANGWEI)!.readUpTo).toBeGreaterThanOrEqual(239);
    expect(document.querySelector('[data-new-line]')).not.toBeNull();
  });
});

describe('U26: the end', () => {
  const press = (key: string) =>
    viewport().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));

  test('is one key away from anywhere, and so is the way back', async () => {
    const { timeline } = await openWindow(history(20, 900));
    await wheel(400);
    const place = id(firstOnScreen());
    press('End');
    await vi.waitFor(() => expect(timeline.atBottom).toBe(true));
    expect(rows().at(-1)!.getBoundingClientRect().bottom).toBeLessThanOrEqual(bottom());
    document.querySelector<HTMLElement>('[data-testid="go-back"]')!.click();
    await vi.waitFor(() => expect(row(place)).not.toBeNull());
    await frames();
    expect(topOf(row(place)!)).toBeGreaterThan(0);
    expect(topOf(row(place)!)).toBeLessThan(viewport().clientHeight);
  });
});

test('U31: a quote brings its message into view and makes it visible', async () => {
  const { fake } = await openWindow(history(20));
  fake.receive(WANGWEI, 'as I said', {
    reply: { message: 40, author_name: '王伟', excerpt: 'Note' },
  });
  await vi.waitFor(() =>
    expect(document.querySelector('[data-testid="message-reply"]')).not.toBeNull(),
  );
  document.querySelector<HTMLElement>('[data-testid="message-reply"]')!.click();
  await vi.waitFor(() => expect(row(40)).toHaveClass('flash'));
  expect(topOf(row(40)!)).toBeGreaterThan(0);
  expect(topOf(row(40)!)).toBeLessThan(viewport().clientHeight / 2);
  document.querySelector<HTMLElement>('[data-testid="go-back"]')!.click();
  await vi.waitFor(() => expect(rows().at(-1)).toHaveTextContent('as I said'));
});

test('U22: the day that is read stands on top', async () => {
  // At noon of three days, so that no hour of the day puts midnight where the test looks.
  const noon = new Date();
  noon.setHours(12, 0, 0, 0);
  const { fake } = await openWindow((fake) => {
    fake.withAccount().withFiles();
    fake.fill(
      WANGWEI,
      [4, 3, 2].flatMap((day) =>
        Array.from({ length: 10 }, (_, index) => ({
          direction: 'incoming' as const,
          text: `${index}\n`.repeat(8).trim(),
          ago: (Date.now() - noon.getTime()) / 60_000 + day * 24 * 60 - index,
        })),
      ),
    );
    const talk = fake.talks.get(WANGWEI)!;
    talk.readUpTo = talk.messages.at(-1)!.id;
  });
  const written = fake.talks
    .get(WANGWEI)!
    .messages.slice(-20)
    .map(({ id }) => row(id)!);
  const [middle, next] = [written[0]!, written[10]!].map((one) => one.closest('.day')!);
  expect(next).not.toBe(middle);
  const onTop = () =>
    [...document.querySelectorAll('.day h2')].filter((one) => {
      const top = topOf(one);
      return top >= 0 && top < 20;
    });

  await wheel(topOf(written[4]!));
  expect(onTop()).toEqual([middle!.querySelector('h2')]);
  // It goes with the end of its day, and the next one comes.
  await wheel(topOf(next!) - 4);
  expect(onTop().filter((one) => middle!.contains(one))).toEqual([]);
  await wheel(topOf(written[12]!));
  expect(onTop()).toEqual([next!.querySelector('h2')]);
});

test('a message that unfolds stays where it was clicked', async () => {
  await openWindow((fake) => {
    history(3)(fake);
    fake.fill(WANGWEI, [
      { direction: 'incoming', text: 'line\n'.repeat(60), ago: 5 },
      ...longHistory(1).slice(0, 20),
    ]);
  });
  const button = document.querySelector<HTMLElement>('[data-testid="message-unfold"]')!;
  button.scrollIntoView({ block: 'center' });
  await frames();
  const folded = button.closest<HTMLElement>('[data-id]')!;
  const top = topOf(folded);
  button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
  button.click();
  await frames();
  expect(Math.abs(topOf(folded) - top)).toBeLessThan(PIXEL);
});

describe('the menu of a message, where text is selected', () => {
  const text = (message: HTMLElement) => message.querySelector('[data-copy] p, [data-copy]')!;
  const menu = () => document.querySelector('[role="menu"]');

  function select(message: HTMLElement) {
    getSelection()!.selectAllChildren(text(message));
    expect(getSelection()!.isCollapsed).toBe(false);
  }

  /** The right button on the middle of the text; whether the web view shows its own menu. */
  function rightClick(message: HTMLElement, meanwhile: () => void = () => undefined): boolean {
    const range = document.createRange();
    range.selectNodeContents(text(message));
    const { left, top, width, height } = range.getBoundingClientRect();
    const at = {
      bubbles: true,
      cancelable: true,
      button: 2,
      clientX: left + width / 2,
      clientY: top + height / 2,
    };
    text(message).dispatchEvent(new PointerEvent('pointerdown', at));
    meanwhile();
    return text(message).dispatchEvent(new MouseEvent('contextmenu', at));
  }

  async function twoMessages() {
    await openWindow(history(1));
    const [one, other] = rows().slice(-2);
    return { one: one!, other: other! };
  }

  test('opens from the button of another message', async () => {
    const { one, other } = await twoMessages();
    select(one);
    other.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
    await vi.waitFor(() =>
      expect(other.querySelector('[data-testid="message-more"]')).not.toBeNull(),
    );
    other.querySelector<HTMLElement>('[data-testid="message-more"]')!.click();
    await vi.waitFor(() => expect(menu()).not.toBeNull());
  });

  test('opens with the right button on another message, and on a word that the press selects', async () => {
    const { one, other } = await twoMessages();
    select(one);
    expect(rightClick(other)).toBe(false);
    await vi.waitFor(() => expect(menu()).not.toBeNull());
    getSelection()!.removeAllRanges();
    expect(rightClick(one, () => select(one))).toBe(false);
  });

  test('leaves what was selected to the web view, which can look it up', async () => {
    const { one } = await twoMessages();
    select(one);
    expect(rightClick(one)).toBe(true);
    await frames();
    expect(menu()).toBeNull();
  });
});

import { expect, test, vi } from 'vitest';
import { userEvent } from 'vitest/browser';
import { manyTalks } from '../../src/lib/runtime/fixtures-lists';
import type { FakeRuntime } from '../../src/lib/runtime/fake';
import { frames, openWindow } from './stage';

const many = (count: number) => (fake: FakeRuntime) => {
  fake.withTeam();
  manyTalks(fake, count);
};
const lines = () => [...document.querySelectorAll<HTMLElement>('[data-testid="conversation-row"]')];
const scroller = () => lines()[0]!.closest('nav')!;

/** What is drawn in the middle and at both ends of the list. */
function seen(): (Element | null)[] {
  const { left, width, top, height } = scroller().getBoundingClientRect();
  return [0.1, 0.5, 0.9].map((part) => {
    const there = document.elementFromPoint(left + width / 2, top + height * part);
    return there?.closest('[data-testid="conversation-row"]') ?? null;
  });
}

test('U18: 5,000 conversations are open in less than a second', async () => {
  const times: number[] = [];
  for (let time = 0; time < 3; time += 1) {
    let began = 0;
    const { close } = await openWindow((fake) => {
      many(5_000)(fake);
      began = performance.now();
    });
    times.push(performance.now() - began);
    expect(seen()).not.toContain(null);
    await close();
  }
  times.sort((a, b) => a - b);
  // The quickest one is what the window itself takes: the rest is what a busy machine does
  // meanwhile.
  expect(times[0], `${times.map(Math.round).join(' ')} ms`).toBeLessThan(1_000);
});

test('U18: 500 conversations scroll without a hole, and each frame draws only what is new', async () => {
  await openWindow(many(500));
  const list = scroller();
  const step = 240;
  const rowHeight = lines()[0]!.offsetHeight;
  const most = list.scrollHeight - list.clientHeight;
  expect(most).toBeGreaterThan(500 * 40);
  // Counted, not timed: how long it takes is a matter of what else the machine does.
  let drawn = 0;
  const watcher = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node instanceof Element && node.querySelector('[data-testid="conversation-row"]')) {
          drawn += 1;
        }
      }
    }
  });
  watcher.observe(list, { childList: true, subtree: true });
  const holes: number[] = [];
  let greatest = 0;
  for (let at = step; at < most; at += step) {
    drawn = 0;
    list.scrollTop = at;
    await frames(2);
    greatest = Math.max(greatest, drawn);
    if (seen().includes(null)) holes.push(at);
    expect(lines().length).toBeLessThan(60);
  }
  watcher.disconnect();
  expect(holes).toEqual([]);
  expect(greatest).toBeGreaterThan(0);
  expect(greatest).toBeLessThanOrEqual(2 * Math.ceil(step / rowHeight));
});

test('U18 U111: the row that has the focus keeps it, however far one scrolls', async () => {
  await openWindow(many(500));
  const row = lines()[3]!;
  const next = lines()[4]!.dataset.conversation;
  row.focus();
  scroller().scrollTop = 20_000;
  await frames();
  expect(document.activeElement).toBe(row);
  expect(lines().length).toBeLessThan(60);
  await userEvent.keyboard('{ArrowDown}');
  await vi.waitFor(() =>
    expect((document.activeElement as HTMLElement).dataset.conversation).toBe(next),
  );
  await frames();
  expect(scroller().scrollTop).toBeLessThan(1_000);
});

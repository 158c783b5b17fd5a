import { describe, expect, test, vi } from 'vitest';
import { userEvent } from 'vitest/browser';
import { allSorts } from '../../src/lib/runtime/fixtures-messages';
import { everyRow } from '../../src/lib/runtime/fixtures-lists';
import { company } from '../../src/lib/runtime/fixtures-people';
import type { FakeRuntime } from '../../src/lib/runtime/fake';
import type { App } from '../../src/lib/state/app.svelte';
import { SETTINGS_PAGES } from '../../src/lib/state/settings-view.svelte';
import { frames, openWindow, WANGWEI } from './stage';

const ANNA = 'anna@valley.local';

function prepare(fake: FakeRuntime): void {
  fake.withTeam().withFiles();
  everyRow(fake);
  company(fake, 4);
  fake.fill(WANGWEI, allSorts().slice(-12));
  fake.server = {
    state: 'running',
    team_name: 'Valley',
    addresses: ['192.168.1.20:5280'],
    people_online: 2,
  };
}

const at = (testid: string) => document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
async function until(testid: string): Promise<HTMLElement> {
  await vi.waitFor(() => expect(at(testid), testid).not.toBeNull());
  return at(testid)!;
}

/** A place in the window, and what leads there. */
type Place = [name: string, go: (app: App, fake: FakeRuntime) => unknown];

const places: Place[] = [
  ['a conversation', (app) => app.session!.go(WANGWEI)],
  [
    'the files of a conversation',
    async (app) => {
      await app.session!.go(WANGWEI);
      (await until('files-open')).click();
      await until('files-panel');
    },
  ],
  [
    'the card of a person beside the conversation',
    async (app) => {
      await app.session!.go(ANNA);
      app.session!.navigation.toggleDetails();
      await until('profile');
    },
  ],
  [
    'the details of a room',
    async (app, fake) => {
      const room = [...fake.rooms.rooms.keys()][0]!;
      fake.open(room);
      fake.emit({ type: 'conversations-changed', account: app.account!.id });
      await vi.waitFor(() => expect(app.session!.list.find(room)).toBeDefined());
      await app.session!.go(room);
      app.session!.navigation.toggleDetails();
      await until('members');
    },
  ],
  [
    'searching here',
    async (app) => {
      await app.session!.go(WANGWEI);
      app.session!.findHere();
      await until('find-bar');
    },
  ],
  ['searching everywhere', (app) => app.session!.open('search')],
  ['the files of all conversations', (app) => app.session!.open('files')],
  ...(['requests', 'rooms', 'directory', 'blocked'] as const).map((page): Place => [
    `contacts: ${page}`,
    (app) => {
      app.session!.open('contacts');
      app.session!.team.people.show({ page });
    },
  ]),
  [
    'contacts: a person',
    (app) => {
      app.session!.open('contacts');
      app.session!.team.people.show({ page: 'person', address: ANNA });
    },
  ],
  ...SETTINGS_PAGES.map((page): Place => [
    `settings: ${page}`,
    (app) => {
      app.session!.open('settings');
      app.session!.settings.page = page;
    },
  ]),
];

/** Opens the window there; closes it with what comes back. */
async function openAt(go: Place[1]): Promise<() => Promise<void>> {
  const { app, fake, close } = await openWindow(prepare);
  await go(app, fake);
  await frames(4);
  return close;
}

/** What can be used with a pointer, here and now. */
const USABLE =
  'button, a[href], input:not([type="file"]), textarea, select, ' +
  '[role="treeitem"], [role="option"], [role="separator"][tabindex]';

/** Of the tools that a message has under the pointer everything is in its menu, too. */
const usable = () =>
  [...document.querySelectorAll<HTMLElement>(USABLE)].filter(
    (one) =>
      one.checkVisibility({ visibilityProperty: true }) &&
      one.getClientRects().length > 0 &&
      !one.matches(':disabled') &&
      one.closest('[role="toolbar"], [aria-hidden="true"]') === null,
  );

const name = (one: Element) =>
  (one as HTMLElement).dataset.testid ??
  one.getAttribute('aria-label') ??
  one.outerHTML.slice(0, 90);

/** How it and what is around it look: an outline, a border, a shade. */
function look(one: Element): string {
  const around: Element[] = [one];
  for (let up = one.parentElement; up && around.length < 4; up = up.parentElement) around.push(up);
  const active = document.getElementById(one.getAttribute('aria-activedescendant') ?? '');
  if (active) around.push(active);
  around.push(...one.children, ...(one.nextElementSibling ? [one.nextElementSibling] : []));
  return around
    .map((each) => {
      const style = getComputedStyle(each);
      // No outline has a width and a colour all the same.
      const outline = style.outlineStyle === 'none' ? '' : style.outline;
      return [outline, style.boxShadow, style.borderColor, style.background].join();
    })
    .join('\n');
}

/** Presses Tab until it has gone round; tells what had the focus. */
async function goRound(): Promise<Set<Element>> {
  const had = new Set<Element>();
  (document.activeElement as HTMLElement | null)?.blur();
  for (let press = 0; press < 200; press += 1) {
    await userEvent.keyboard('{Tab}');
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body) continue;
    if (had.has(activeElement)) break;
    had.add(activeElement);
    for (const inner of await within(activeElement)) had.add(inner);
  }
  return had;
}

/** What Tab reaches in a row behind the row itself. */
async function behind(row: Element): Promise<Element[]> {
  const item = row.closest('li');
  const found: Element[] = [];
  if (!item || item.querySelectorAll(USABLE).length < 2) return found;
  await frames();
  while (found.length < 9) {
    await userEvent.keyboard('{Tab}');
    const { activeElement } = document;
    if (!activeElement || !item.contains(activeElement)) break;
    found.push(activeElement);
  }
  (row as HTMLElement).focus();
  await frames();
  return found;
}

/** What the arrow keys reach from a stop. */
async function within(stop: Element): Promise<Element[]> {
  const active = () => document.getElementById(stop.getAttribute('aria-activedescendant') ?? '');
  if (active()) {
    return [...stop.ownerDocument.querySelectorAll('[role="treeitem"], [role="option"]')].filter(
      (one) => stop.contains(one) || stop.getAttribute('aria-controls') === one.parentElement?.id,
    );
  }
  if (stop instanceof HTMLInputElement && stop.type === 'radio') {
    return [...document.querySelectorAll(`input[type="radio"][name="${stop.name}"]`)];
  }
  if (!stop.hasAttribute('data-roving')) return [];
  await userEvent.keyboard('{Home}');
  await frames();
  const found: Element[] = [document.activeElement!, ...(await behind(document.activeElement!))];
  for (let press = 0; press < 60; press += 1) {
    const before = document.activeElement;
    await userEvent.keyboard('{ArrowDown}');
    if (document.activeElement === before) break;
    found.push(document.activeElement!, ...(await behind(document.activeElement!)));
  }
  (stop as HTMLElement).focus();
  return found;
}

describe('U111: without a mouse', () => {
  test.each(places)('everything is reached and shows that it is, in %s', async (_, go) => {
    await openAt(go);
    const reached = await goRound();
    const missed = usable().filter((one) => !reached.has(one));
    expect(missed.map(name)).toEqual([]);
    const unseen = [...reached].filter((one) => {
      if (!(one instanceof HTMLElement) || !one.isConnected || one.tabIndex < 0) return false;
      one.focus();
      const focused = look(one);
      one.blur();
      return look(one) === focused;
    });
    expect(unseen.map(name)).toEqual([]);
  });

  test.each(places)('what opens is left by Esc, and the focus is back, in %s', async (_, go) => {
    let close = await openAt(go);
    const tried = new Set<string>();
    const faults: string[] = [];
    const rest = () =>
      usable().find((one) => one.matches('button') && !tried.has(name(one)) && !leaves(one));
    for (let one = rest(); one; one = rest()) {
      tried.add(name(one));
      const before = new Set(opened());
      one.focus();
      await userEvent.keyboard('{Enter}');
      await frames(4);
      const above = opened().filter((each) => !before.has(each));
      if (above.length > 0) {
        await userEvent.keyboard('{Escape}');
        await vi.waitFor(() => expect(above.some((each) => each.isConnected)).toBe(false));
        await frames();
        if (document.activeElement !== one) {
          faults.push(`${name(one)}: ${name(document.activeElement ?? document.body)}`);
        }
      }
      // What has led elsewhere, or has changed what is there.
      if (!one.isConnected || above.length === 0) {
        await close();
        close = await openAt(go);
      }
    }
    expect(faults).toEqual([]);
  });
});

const opened = () => [
  ...document.querySelectorAll('dialog[open], [role="menu"], [role="dialog"]:not(dialog)'),
];

/** What the rail and rows do is not an opening of anything. */
const leaves = (one: HTMLElement) =>
  /^(?:open-(?!switcher)|rail-|settings-|conversation-row|contact-row|person-row|quit)/.test(
    one.dataset.testid ?? '',
  );

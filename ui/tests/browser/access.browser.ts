import axe from 'axe-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cdp, page } from 'vitest/browser';
import { allSorts } from '../../src/lib/runtime/fixtures-messages';
import { everyRow } from '../../src/lib/runtime/fixtures-lists';
import { company } from '../../src/lib/runtime/fixtures-people';
import type { FakeRuntime } from '../../src/lib/runtime/fake';
import { i18n } from '../../src/lib/i18n/i18n.svelte';
import { frames, openWindow, WANGWEI } from './stage';

const prepare = (fake: FakeRuntime) => {
  fake.withTeam().withFiles();
  fake.fill(WANGWEI, allSorts());
  everyRow(fake);
  company(fake, 4);
};

const settings = ['appearance', 'chats', 'notifications', 'desktop', 'storage', 'devices', 'about'];

async function click(testid: string): Promise<void> {
  const found = () => document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
  await vi.waitFor(() => expect(found(), testid).not.toBeNull());
  found()!.click();
  await frames();
}

/** Leads through the sections and the pages of the settings. */
async function everywhere(look: (where: string) => Promise<void> | void): Promise<void> {
  await look('chats');
  for (const section of ['search', 'contacts', 'files']) {
    await click(`open-${section}`);
    await look(section);
  }
  await click('open-settings');
  for (const one of settings) {
    await click(`settings-${one}`);
    await look(`settings ${one}`);
  }
}

test.each(['light', 'dark'] as const)('U113: text can be read everywhere, %s', async (theme) => {
  const { app } = await openWindow(prepare);
  await app.preferences.setTheme(theme);
  await frames();
  const faults: string[] = [];
  await everywhere(async (where) => {
    const found = await axe.run(document.body, { runOnly: ['color-contrast'] });
    for (const { nodes } of found.violations) {
      faults.push(...nodes.map(({ html }) => `${where}: ${html.slice(0, 160)}`));
    }
  });
  expect(faults).toEqual([]);
});

test('U113: who wants less motion gets none', async () => {
  await openWindow(prepare);
  const media = (value: string) =>
    cdp().send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-reduced-motion', value }],
    });
  const moving = () =>
    [...document.querySelectorAll('*')].filter((one) => {
      const { transitionDuration, animationDuration } = getComputedStyle(one);
      const seconds = [...transitionDuration.split(','), ...animationDuration.split(',')];
      return seconds.some((time) => parseFloat(time) > 0.01);
    });
  await media('no-preference');
  expect(moving().length).toBeGreaterThan(0);
  await media('reduce');
  expect(moving().map(({ outerHTML }) => outerHTML.slice(0, 120))).toEqual([]);
  await media('');
});

test('U113: no state is told by colour alone', async () => {
  await openWindow((fake) => {
    prepare(fake);
    const shows = ['online', 'away', 'do-not-disturb'] as const;
    [...fake.talks.values()].slice(0, 3).forEach((talk, index) => {
      talk.contact.presence = shows[index]!;
    });
  });
  const dots = [...document.querySelectorAll<HTMLElement>('.avatar > .dot')];
  const shape = (dot: HTMLElement) => {
    const { boxShadow, backgroundImage } = getComputedStyle(dot);
    return `${boxShadow !== 'none'} ${backgroundImage !== 'none'}`;
  };
  const shapes = new Map(dots.map((dot) => [dot.className, shape(dot)]));
  expect(shapes.size).toBe(3);
  expect(new Set(shapes.values()).size).toBe(3);
  // Words beside it say the same.
  const said = dots.map((dot) => {
    const whole = dot.closest('button, header');
    return `${whole?.getAttribute('aria-label') ?? ''} ${whole?.textContent ?? ''}`;
  });
  for (const words of said) expect(words).toMatch(/online|away|disturb/i);
});

describe('U114: words that are 40 % longer', () => {
  const t = i18n.t.bind(i18n);
  const count = i18n.count.bind(i18n);
  /** As a language with longer words would have it. */
  const longer = (text: string) => {
    const more = Math.ceil(text.length * 0.4);
    return `${text} ${'voluptatem '.repeat(Math.ceil(more / 11)).slice(0, more)}`.trim();
  };
  const raw = new RegExp(
    String.raw`\b(list|rail|settings|message|room|composer|contacts|details)\.[a-z][a-z-]+\b`,
  );

  afterEach(async () => {
    i18n.t = t;
    i18n.count = count;
    await page.viewport(1100, 760);
  });

  test.each([
    [1100, 760],
    [800, 600],
  ])('are not cut at %i by %i, and no key is shown', async (width, height) => {
    await page.viewport(width, height);
    i18n.t = (...all) => longer(t(...all));
    i18n.count = (...all) => longer(count(...all));
    await openWindow(prepare);
    const faults: string[] = [];
    await everywhere((where) => {
      if (document.documentElement.scrollWidth > innerWidth) faults.push(`${where}: scrolls`);
      const key = raw.exec(document.body.innerText);
      if (key) faults.push(`${where}: ${key[0]}`);
      const words = 'button, label, h1, h2, h3, legend, dt, p, [role="tab"], [role="menuitem"]';
      for (const one of document.querySelectorAll<HTMLElement>(words)) {
        const style = getComputedStyle(one);
        const isCut = one.scrollWidth > one.clientWidth + 1 && style.display !== 'inline';
        const says = [...one.childNodes].some(
          (node) => node.nodeType === 3 && node.nodeValue?.trim(),
        );
        if (
          says &&
          isCut &&
          style.textOverflow !== 'ellipsis' &&
          one.checkVisibility() &&
          !hidden(one)
        ) {
          faults.push(`${where}: ${one.outerHTML.slice(0, 160)}`);
        }
      }
    });
    expect(faults).toEqual([]);
  });

  const hidden = (one: HTMLElement) => one.closest('.visually-hidden') !== null;
});

import axe from 'axe-core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { page } from 'vitest/browser';
import { allSorts } from '../../src/lib/runtime/fixtures-messages';
import { i18n } from '../../src/lib/i18n/i18n.svelte';
import { frames, openWindow, rows, WANGWEI } from './stage';

const open = () =>
  openWindow((fake) => {
    fake.withTeam().withFiles();
    fake.fill(WANGWEI, allSorts());
  });

async function faults(): Promise<string[]> {
  const found = await axe.run(document.querySelector('main') ?? document.body, {
    // The list around it is another's.
    rules: { region: { enabled: false } },
  });
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );
}

test.each(['light', 'dark'] as const)('U112 U113: every sort of message, %s', async (theme) => {
  await open();
  document.documentElement.dataset.theme = theme;
  await frames();
  expect(await faults()).toEqual([]);
  document.documentElement.dataset.theme = 'light';
});

test('U112: the emoji panel and the menu have names and roles', async () => {
  await open();
  const click = (testid: string) =>
    document.querySelector<HTMLElement>(`[data-testid="${testid}"]`)!.click();
  click('emoji-open');
  await vi.waitFor(() =>
    expect(document.querySelectorAll('[data-testid="emoji"]').length).toBeGreaterThan(5),
  );
  expect(await faults()).toEqual([]);
  document
    .querySelector('[data-testid="emoji-panel"]')!
    .dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  await frames();
  const message = rows().find((one) => one.dataset.direction === 'outgoing')!;
  message.dispatchEvent(
    new MouseEvent('contextmenu', { bubbles: true, clientX: 500, clientY: 300 }),
  );
  await vi.waitFor(() => expect(document.querySelector('[role="menu"]')).not.toBeNull());
  expect(await faults()).toEqual([]);
});

test('U55: the emoji panel opens in less than 100 ms once it was loaded', async () => {
  await open();
  const button = document.querySelector<HTMLElement>('[data-testid="emoji-open"]')!;
  const cells = () => document.querySelectorAll('[data-testid="emoji"]').length;
  button.click();
  await vi.waitFor(() => expect(cells()).toBeGreaterThan(5));
  document
    .querySelector('[data-testid="emoji-panel"]')!
    .dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  await frames();
  const began = performance.now();
  button.click();
  await Promise.resolve();
  expect(cells()).toBeGreaterThan(5);
  expect(performance.now() - began).toBeLessThan(100);
});

test('U46: the field grows to 40 % of the height, then it scrolls', async () => {
  await open();
  const field = document.querySelector<HTMLTextAreaElement>('[data-testid="composer"]')!;
  const low = field.clientHeight;
  const write = async (lines: number) => {
    field.value = Array.from({ length: lines }, () => 'line').join('\n');
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await frames();
  };
  await write(4);
  expect(field.clientHeight).toBeGreaterThan(low * 2);
  expect(field.scrollHeight).toBe(field.clientHeight);
  await write(80);
  expect(field.clientHeight).toBeLessThanOrEqual(innerHeight * 0.4 + 1);
  expect(field.clientHeight).toBeGreaterThan(innerHeight * 0.35);
  expect(field.scrollHeight).toBeGreaterThan(field.clientHeight);
});

test('U04 U114: nothing is cut at 800 by 600, in both languages', async () => {
  await page.viewport(800, 600);
  await open();
  for (const locale of ['en', 'zh-CN'] as const) {
    i18n.locale = locale;
    await frames();
    const main = document.querySelector('main')!;
    expect(main.scrollWidth).toBeLessThanOrEqual(main.clientWidth);
    const timeline = document.querySelector('[data-testid="timeline"]')!;
    expect(timeline.scrollWidth).toBeLessThanOrEqual(timeline.clientWidth);
  }
  await page.viewport(1100, 760);
});

test.each([
  ['own-profile', 'own-submit', ['account-menu', 'menu-edit-profile']],
  ['room-settings', 'settings-submit', ['toggle-details', 'room-configure']],
])(
  'U04: the buttons of a dialog stay in sight in a low window, %s',
  async (form, submit, steps) => {
    await page.viewport(800, 420);
    onTestFinished(() => page.viewport(1100, 760));
    let room = '';
    const { app } = await openWindow((fake) => {
      fake.withTeam().withFiles();
      room = fake.rooms.add('Lunch', { [fake.me]: 'owner', [WANGWEI]: 'member' }).address;
      fake.fill(room, allSorts());
    });
    const find = (testid: string) =>
      document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
    await app.session!.select(room);
    for (const step of steps) {
      await vi.waitFor(() => expect(find(step)).not.toBeNull());
      find(step)!.click();
    }
    await vi.waitFor(() => expect(find(form)?.querySelectorAll('input').length).toBeGreaterThan(2));
    const dialog = find(form)!.closest('dialog')!;
    expect(dialog.scrollHeight).toBeGreaterThan(dialog.clientHeight + 50);
    const button = find(submit)!;
    for (const end of [0, dialog.scrollHeight]) {
      dialog.scrollTop = end;
      await frames();
      const { left, right, top, bottom } = button.getBoundingClientRect();
      expect(bottom).toBeLessThan(dialog.getBoundingClientRect().bottom);
      expect(
        button.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2)),
      ).toBe(true);
    }
    // What gets the focus is not below them.
    dialog.scrollTop = 0;
    const last = [...find(form)!.querySelectorAll('input')].at(-1)!;
    last.focus();
    await frames();
    expect(last.getBoundingClientRect().bottom).toBeLessThanOrEqual(
      button.parentElement!.getBoundingClientRect().top,
    );
  },
);

test('U51: undo takes a chosen name back', async () => {
  await open();
  const field = document.querySelector<HTMLTextAreaElement>('[data-testid="composer"]')!;
  field.focus();
  document.execCommand('insertText', false, 'hi @wang');
  await vi.waitFor(
    () => expect(document.querySelectorAll('[data-testid="completion"] li')).toHaveLength(1),
    // The sounds of Chinese names are loaded first.
    { timeout: 15_000 },
  );
  field.dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }),
  );
  await frames();
  expect(field.value).toBe('hi @王伟 ');
  document.execCommand('undo');
  expect(field.value).toBe('hi @wang');
  document.execCommand('redo');
  expect(field.value).toBe('hi @王伟 ');
});

test('U53: the name of a language and the button never lie on the code', async () => {
  const code = (language: string, text: string) => ({
    direction: 'incoming' as const,
    text: `\`\`\`${language}\n${text}\n\`\`\``,
    ago: 1,
  });
  await openWindow((fake) => {
    fake.withTeam();
    fake.fill(WANGWEI, [
      code('typescript', 'let a = 1;'),
      code('', 'x'),
      code('javascript', `const wide = '${'wide '.repeat(60)}';`),
    ]);
  });
  const blocks = [...document.querySelectorAll<HTMLElement>('[data-testid="code-block"]')];
  expect(blocks).toHaveLength(3);
  for (const block of blocks) {
    const pre = block.querySelector('pre')!;
    // Also where wide code was scrolled to its end.
    pre.scrollLeft = pre.scrollWidth;
    const box = pre.getBoundingClientRect();
    const inside = block.querySelectorAll('[data-testid="code-language"], button');
    for (const one of inside) {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      const beside = right <= box.left || left >= box.right || bottom <= box.top;
      expect(beside || top >= box.bottom, block.textContent).toBe(true);
    }
    expect(block.scrollWidth).toBeLessThanOrEqual(block.clientWidth);
  }
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cdp } from 'vitest/browser';
import { allSorts } from '../../src/lib/runtime/fixtures-messages';
import { everyRow } from '../../src/lib/runtime/fixtures-lists';
import { i18n } from '../../src/lib/i18n/i18n.svelte';
import { frames, openWindow, WANGWEI } from './stage';

/** A node as the browser gives it to screen readers. */
interface Heard {
  role: string;
  name: string;
  description: string;
}

interface AxNode {
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  description?: { value: string };
}

interface Frame {
  frame: { id: string; url: string };
  childFrames?: Frame[];
}

/** Everything that is said of the page in which the window is. */
async function heard(): Promise<Heard[]> {
  const { frameTree } = (await cdp().send('Page.getFrameTree')) as { frameTree: Frame };
  const all = (one: Frame): Frame[] => [one, ...(one.childFrames ?? []).flatMap(all)];
  const own = all(frameTree).find(({ frame }) => frame.url === location.href) ?? frameTree;
  const answer = await cdp().send('Accessibility.getFullAXTree', { frameId: own.frame.id });
  const { nodes } = answer as { nodes: AxNode[] };
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, description }) => ({
      role: role?.value ?? '',
      name: (name?.value ?? '').replace(/\s+/g, ' ').trim(),
      description: description?.value ?? '',
    }));
}

const of = (all: Heard[], role: string) => all.filter((one) => one.role === role);
const open = async () => {
  const opened = await openWindow((fake) => {
    fake.withTeam().withFiles();
    fake.fill(WANGWEI, allSorts());
    everyRow(fake);
  });
  await opened.app.session!.go(WANGWEI);
  await frames();
  return opened;
};

// Soon after midnight what was written before it is of yesterday.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 10, 24, 15, 30) }));
afterEach(() => vi.useRealTimers());

describe('U112: in the tree that screen readers are given', () => {
  test('a row of the list is one sentence', async () => {
    await open();
    const names = of(await heard(), 'button').map(({ name }) => name);
    const row = (who: string) => names.find((name) => name.startsWith(who));
    expect(row('设计组 Design')).toMatch(
      /^设计组 Design, Pinned, [\d:]+: 王伟: @李娜 首页的第二版什么时候可以看？; You were mentioned; 128 unread messages$/,
    );
    expect(row('午饭')).toMatch(/^午饭, Muted, [\d:]+: 周敏: 今天吃什么？; 12 unread messages$/);
    expect(row('Anna Kowalski')).toMatch(
      /^Anna Kowalski, Away, [\d:]+: Draft: Yes, it should be the 30th\. I will; Waiting to be sent$/,
    );
    expect(row('Marc Dubois')).toMatch(
      /^Marc Dubois, Do not disturb, [\d:]+: You: Here is the agenda .+; Not sent$/,
    );
  });

  test('a message is one sentence, with what is to be seen of it', async () => {
    await open();
    const names = of(await heard(), 'article').map(({ name }) => name);
    const said = (part: string) => names.find((name) => name.includes(part));
    expect(said('合同在这里。')).toMatch(
      /^You, [\d:]+: 合同在这里。; Files: 合同 2024 final \(signed by both parties\)\.pdf, setup\.exe, voice\.ogg; Read$/,
    );
    expect(said('好看！;')).toMatch(/; 👍 3, ❤️ 1; Read$/);
    expect(said('I moved the page')).toMatch(/; Reply to 李娜: 好看！$/);
    expect(said('这条改过了。')).toMatch(/; edited; Read$/);
    expect(said('第二条也没发出去')).toMatch(/; Not sent\. .+$/);
    expect(said('入口 entrance.png')).toMatch(/, [\d:]+: Picture: 入口 entrance\.png$/);
    expect(said('You recalled a message.')).toBeDefined();
    // Nothing is said with signs that only style a text.
    expect(said('重点')).not.toContain('*重点*');
  });

  test.each(['en', 'zh-CN'] as const)(
    'nothing that can be used is without a name, %s',
    async (locale) => {
      const { app } = await open();
      i18n.locale = locale;
      const used = ['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'switch'];
      const more = ['radio', 'tab', 'menuitem', 'treeitem', 'option', 'slider', 'dialog', 'image'];
      for (const section of ['chats', 'search', 'contacts', 'files', 'settings'] as const) {
        app.session!.open(section);
        await frames();
        const nameless = (await heard()).filter(
          ({ role, name }) => [...used, ...more].includes(role) && name === '',
        );
        expect(nameless, section).toEqual([]);
      }
      i18n.locale = 'en';
    },
  );

  test('what comes in is said politely, as one sentence', async () => {
    const { fake } = await open();
    fake.receive(WANGWEI, 'Are you there?');
    await vi.waitFor(async () => {
      const live = (await heard()).filter(({ name }) => name === '王伟: Are you there?');
      expect(live.length).toBeGreaterThan(0);
    });
    // And through the system, where the web view tells nobody.
    expect(fake.desktop.announced).toContain('王伟: Are you there?');
  });
});

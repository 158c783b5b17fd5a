import { screen, waitFor } from '@testing-library/svelte';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { everyRow, manyTalks } from '../src/lib/runtime/fixtures-lists';
import { loadPinyin } from '../src/lib/text/pinyin';
import { ANNA, openWindow, WANGWEI } from './window';

const TOMAS = 'tomas@valley.local';
const DESIGN = 'design@rooms.valley.local';

beforeAll(() => loadPinyin());

async function openSwitcher(prepare: Parameters<typeof openWindow>[0] = (fake) => fake.withTeam()) {
  const opened = await openWindow(prepare);
  await screen.findAllByTestId('conversation-row');
  await opened.user.keyboard('{Control>}k{/Control}');
  expect(await screen.findByTestId('switcher-input')).toHaveFocus();
  return opened;
}

const entries = () => screen.queryAllByTestId('switcher-entry');
const names = () =>
  entries()
    .filter(({ dataset }) => dataset.kind === 'name')
    .map(({ dataset }) => dataset.id);

describe('the quick switcher', () => {
  test('U94: finds by character, pinyin, initials, whatever the case', async () => {
    const { user } = await openSwitcher();
    for (const typed of ['王', 'wangwei', 'wang', 'ww', 'WANG wei']) {
      await user.clear(screen.getByTestId('switcher-input'));
      await user.keyboard(typed);
      await waitFor(() => expect(names()[0], typed).toBe(WANGWEI));
    }
    expect(entries()[0]!.querySelector('mark')).toHaveTextContent('王伟');
  });

  test('U94: finds by department, and says it to tell people apart', async () => {
    const { user } = await openSwitcher((fake) => {
      fake.withTeam();
      for (const contact of fake.contacts) {
        if (contact.address === TOMAS) contact.departments = [['研发部', '移动组']];
      }
    });
    await user.keyboard('移动');
    await waitFor(() => expect(names()).toEqual([TOMAS]));
    expect(entries()[0]).toHaveTextContent('研发部 / 移动组');
    await user.clear(screen.getByTestId('switcher-input'));
    await user.keyboard('yidong');
    await waitFor(() => expect(names()).toEqual([TOMAS]));
  });

  test('U94: 张伟 is found by 张, zhangwei, zw and his department', async () => {
    const { user } = await openSwitcher((fake) => {
      fake.withTeam();
      fake.contacts.push({
        ...fake.contacts[0]!,
        address: 'z1@valley.local',
        name: '张伟',
        departments: [['质检部']],
      });
    });
    for (const typed of ['张', 'zhangwei', 'zw', '质检', 'zhijian', 'zjb']) {
      await user.clear(screen.getByTestId('switcher-input'));
      await user.keyboard(typed);
      await waitFor(() => expect(names(), typed).toEqual(['z1@valley.local']));
    }
  });

  test('U94: Enter waits for what is typed to be looked for', async () => {
    const { user, app, fake } = await openSwitcher();
    let answer: () => void = () => undefined;
    const ask = fake.request.bind(fake);
    const asked = vi.spyOn(fake, 'request').mockImplementation(async (request) => {
      const found = await ask(request);
      if (request.type === 'search' && request.action === 'names')
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      return found;
    });
    await user.keyboard('anna{Enter}');
    expect(screen.getByTestId('switcher-input')).toBeVisible();
    expect(app.session?.selected).toBe(WANGWEI);
    asked.mockRestore();
    answer();
    await waitFor(() => expect(app.session?.selected).toBe(ANNA));
  });

  test('U94: opens the person with Enter, also one without a conversation', async () => {
    const { user, app } = await openSwitcher();
    await user.keyboard('tomas');
    await waitFor(() => expect(names()[0]).toBe(TOMAS));
    await user.keyboard('{Enter}');
    await waitFor(() => expect(app.session?.selected).toBe(TOMAS));
    expect(screen.queryByTestId('switcher')).toBeNull();
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveFocus());
  });

  test('U94: remembers what was meant, over restarts', async () => {
    const first = await openSwitcher();
    await first.user.keyboard('a');
    await waitFor(() => expect(names()[0]).toBe(ANNA));
    await first.user.keyboard('{ArrowDown}');
    const second = names()[1]!;
    expect(second).not.toBe(ANNA);
    await first.user.keyboard('{Enter}');
    first.unmount();
    const { user } = await openSwitcher();
    await user.keyboard('a');
    await waitFor(() => expect(names()[0]).toBe(second));
    expect(JSON.stringify({ ...localStorage })).not.toContain('valley');
  });

  test('U94: offers what was open last when nothing is typed, never what is open', async () => {
    const opened = await openWindow((fake) => fake.withTeam());
    await screen.findAllByTestId('conversation-row');
    await opened.app.session!.go('ouyang@valley.local');
    await opened.app.session!.go(ANNA);
    await opened.user.keyboard('{Control>}k{/Control}');
    await screen.findByTestId('switcher-input');
    expect(names().slice(0, 2)).toEqual(['ouyang@valley.local', WANGWEI]);
    expect(names()).not.toContain(ANNA);
  });

  test('U94: finds rooms and messages, and leads to the search of everything', async () => {
    const { user, app } = await openSwitcher((fake) => {
      fake.withTeam();
      everyRow(fake);
    });
    await user.keyboard('icons');
    await waitFor(() =>
      expect(entries().map(({ dataset }) => dataset.kind)).toEqual(
        expect.arrayContaining(['message', 'search']),
      ),
    );
    await user.clear(screen.getByTestId('switcher-input'));
    await user.keyboard('sjz');
    await waitFor(() => expect(names()).toEqual([DESIGN]));
    expect(entries()[0]).toHaveTextContent('Room');
    await user.keyboard('{ArrowUp}{Enter}');
    await waitFor(() => expect(app.session?.navigation.section).toBe('search'));
    expect(screen.getByTestId('search-input')).toHaveValue('sjz');
  });

  test('U94: adds less than 50 ms to the answer of the engine, with 5,000 people', async () => {
    const { app, fake } = await openWindow((it) => {
      it.withTeam();
      manyTalks(it, 5_000);
      it.contacts = [...it.talks.values()].map(({ contact }, index) => ({
        ...contact,
        departments: [['山谷设计', `研发 ${index % 40} 组`]],
      }));
    });
    await waitFor(() => expect(app.session?.list.all.length).toBe(5_005));
    const hits = [...fake.talks.keys()].slice(0, 3).map((id) => ({
      account: ACCOUNT,
      id,
      kind: 'direct' as const,
      name: id,
      highlights: [],
      in_list: true,
      last_activity_ms: null,
    }));
    // The engine's part has a bench of its own.
    vi.spyOn(fake, 'request').mockResolvedValue({ type: 'names', value: hits });
    const switcher = app.session!.switcher();
    await switcher.input('y');
    const times: number[] = [];
    for (const typed of ['ya', 'yan', 'yanf', 'yf', '研发', 'yanfa', 'x', 'xy', '组']) {
      const begin = performance.now();
      await switcher.input(typed);
      times.push(performance.now() - begin);
      expect(switcher.entries.length, typed).toBeGreaterThan(2);
    }
    switcher.close();
    times.sort((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(50);
  });

  test('U42: keys of an input method are its own', async () => {
    await openSwitcher();
    const input = screen.getByTestId('switcher-input');
    input.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
    for (const key of ['Enter', 'ArrowDown', 'Escape']) {
      input.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, isComposing: true }),
      );
    }
    expect(screen.getByTestId('switcher')).toBeVisible();
    expect(entries()[0]).toHaveAttribute('aria-selected', 'true');
  });

  test('U111: Escape closes it and gives the focus back', async () => {
    const { user } = await openWindow((fake) => fake.withTeam());
    const row = (await screen.findAllByTestId('conversation-row'))[2]!;
    row.focus();
    await user.keyboard('{Control>}k{/Control}');
    await screen.findByTestId('switcher-input');
    await user.keyboard('abc{Escape}');
    expect(screen.queryByTestId('switcher')).toBeNull();
    expect(row).toHaveFocus();
  });

  test('U94: asks the engine for the names of this account', async () => {
    const { user, fake } = await openSwitcher();
    await user.keyboard('a');
    await waitFor(() =>
      expect(fake.calls).toContainEqual(
        expect.objectContaining({ type: 'search', action: 'names', account: ACCOUNT, text: 'a' }),
      ),
    );
  });
});

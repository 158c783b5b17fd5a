import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { everyRow, manyTalks } from '../src/lib/runtime/fixtures-lists';
import { company } from '../src/lib/runtime/fixtures-people';
import { ANNA, openWindow, WANGWEI } from './window';

const DESIGN = 'design@rooms.valley.local';
const ALL = 'all@rooms.valley.local';
const LUNCH = 'lunch@rooms.valley.local';
const SIYUAN = 'siyuan@valley.local';
const OUYANG = 'ouyang@valley.local';

async function openRows() {
  const opened = await openWindow((fake) => {
    fake.withTeam();
    everyRow(fake);
  });
  await screen.findAllByTestId('conversation-row');
  return opened;
}

const rows = () => screen.getAllByTestId('conversation-row');
const ids = () => rows().map(({ dataset }) => dataset.conversation);
const row = (id: string) => rows().find(({ dataset }) => dataset.conversation === id)!;
const sentence = (id: string) => row(id).textContent.replace(/\s+/g, ' ').trim();

describe('order', () => {
  test('U12: the pinned come first as they were put, then the newest', async () => {
    await openRows();
    expect(ids().slice(0, 3)).toEqual([DESIGN, SIYUAN, WANGWEI]);
    expect(ids()).not.toContain(OUYANG);
  });

  test('U12: a row does not jump while the pointer is on the list, and does afterwards', async () => {
    const { fake, user } = await openRows();
    await user.hover(row(WANGWEI));
    const before = ids();
    fake.receive(ANNA, 'hello');
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '1'));
    expect(ids()).toEqual(before);
    await user.unhover(row(WANGWEI));
    await waitFor(() => expect(ids()[2]).toBe(ANNA));
  });
});

describe('U12: a pointer that rests on the list', () => {
  async function rest() {
    const opened = await openRows();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await fireEvent.pointerMove(row(WANGWEI));
    const before = ids();
    opened.fake.receive(ANNA, 'hello');
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '1'));
    return { ...opened, before };
  }

  test('keeps the order, and is forgotten once it was left there', async () => {
    const { before } = await rest();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(ids()).toEqual(before);
    await vi.advanceTimersByTimeAsync(60_000);
    await waitFor(() => expect(ids()[2]).toBe(ANNA));
  });

  test('is forgotten when somebody turns to another window', async () => {
    const { before } = await rest();
    expect(ids()).toEqual(before);
    await fireEvent.blur(window);
    await waitFor(() => expect(ids()[2]).toBe(ANNA));
  });
});

describe('a row', () => {
  test('U13: has name, time, a preview with its sender in rooms, and the number', async () => {
    await openRows();
    expect(sentence(DESIGN)).toContain('设计组 Design');
    expect(sentence(DESIGN)).toContain('王伟: @李娜 首页的第二版什么时候可以看？');
    expect(within(row(DESIGN)).getByText(/^\d\d:\d\d$|Yesterday/)).toBeVisible();
    expect(sentence(ALL)).toContain('Tomás Rivera: Coffee machine');
    expect(sentence(WANGWEI)).toContain('You: 投影仪需要提前开吗？');
    expect(sentence(SIYUAN)).not.toContain('陈思远: ');
    expect(within(row(ALL)).getByText('7')).toBeVisible();
    expect(within(row(DESIGN)).getByTestId('row-mention')).toBeVisible();
    expect(within(row(ALL)).queryByTestId('row-mention')).toBeNull();
  });

  test('U13: is one sentence for a screen reader', async () => {
    await openRows();
    expect(row(DESIGN)).toHaveAccessibleName(
      /设计组 Design.*Pinned.*王伟: @李娜.*You were mentioned.*128 unread messages/s,
    );
    expect(row(LUNCH)).toHaveAccessibleName(/午饭.*Muted.*12 unread messages/s);
  });

  test('U14: shows the draft with the word, and marks what was not sent', async () => {
    await openRows();
    expect(sentence(ANNA)).toContain('Draft: Yes, it should be the 30th.');
    expect(within(row('marc@valley.local')).getByTestId('row-failed')).toHaveAttribute(
      'title',
      'Not sent',
    );
  });

  test('U15: over 99 is 99+; a muted one shows a dot, no number, and is not in the badge', async () => {
    const { fake } = await openRows();
    expect(within(row(DESIGN)).getByText('99+')).toBeVisible();
    expect(within(row(LUNCH)).getByTestId('row-dot')).toBeVisible();
    expect(within(row(LUNCH)).queryByText('12')).toBeNull();
    expect(screen.getByTestId('rail-badge')).toHaveTextContent('99+');
    fake.setRow(DESIGN, { unread: 5 });
    // 5 of this room and 7 of the one that tells of mentions only; not the 12 of the muted one.
    await waitFor(() => expect(screen.getByTestId('rail-badge')).toHaveTextContent(/^12$/));
  });

  test('U82: the number on the rail is the sum over the rows, and 0 removes it', async () => {
    const { fake, app } = await openRows();
    const sum = () =>
      app
        .session!.list.all.filter(({ archived, notify }) => !archived && notify !== 'none')
        .reduce((total, { unread }) => total + unread, 0);
    for (const [id, change] of [
      [DESIGN, { unread: 1 }],
      [ALL, { unread: 0 }],
      [OUYANG, { unread: 40 }],
      [WANGWEI, { unread: 3 }],
    ] as const) {
      fake.setRow(id, change);
    }
    await waitFor(() => expect(screen.getByTestId('rail-badge')).toHaveTextContent(/^4$/));
    expect(sum()).toBe(4);
    fake.setRow(DESIGN, { unread: 0 });
    fake.setRow(WANGWEI, { unread: 0 });
    await waitFor(() => expect(screen.queryByTestId('rail-badge')).toBeNull());
  });
});

describe('the menu of a row', () => {
  async function menuOf(id: string) {
    await fireEvent.contextMenu(row(id), { clientX: 100, clientY: 100 });
    return screen.findByRole('menu');
  }

  test('U16: pins and unpins', async () => {
    const { user } = await openRows();
    await menuOf(WANGWEI);
    await user.click(screen.getByTestId('menu-pin'));
    await waitFor(() => expect(ids().slice(0, 3)).toEqual([DESIGN, SIYUAN, WANGWEI]));
    expect(row(WANGWEI)).toHaveAccessibleName(/Pinned/);
    await menuOf(DESIGN);
    await user.click(screen.getByTestId('menu-pin'));
    await waitFor(() => expect(ids()[0]).toBe(SIYUAN));
  });

  test('U16: mutes for a time, for good, and not any more', async () => {
    const { fake, user } = await openRows();
    await menuOf(ANNA);
    await user.click(screen.getByTestId('menu-mute-hour'));
    const asked = fake.calls.find(
      (call) => call.type === 'conversation' && call.action === 'set-notify',
    );
    expect(asked).toMatchObject({ conversation: ANNA, notify: 'none' });
    expect(asked).toHaveProperty('until_ms', expect.any(Number));
    await waitFor(() => expect(within(row(ANNA)).getByTestId('row-muted')).toBeVisible());
    await menuOf(ANNA);
    await user.click(screen.getByTestId('menu-unmute'));
    await waitFor(() => expect(within(row(ANNA)).queryByTestId('row-muted')).toBeNull());
  });

  test('U16: what was told before is told again after it was muted', async () => {
    const { app, user } = await openRows();
    const told = () => app.session?.list.find(DESIGN)?.notify;
    const pick = async (item: string) => {
      await menuOf(DESIGN);
      await user.click(screen.getByTestId(`menu-${item}`));
    };
    await pick('mentions');
    await waitFor(() => expect(told()).toBe('mentions'));
    await pick('mute');
    await waitFor(() => expect(told()).toBe('none'));
    await pick('unmute');
    await waitFor(() => expect(told()).toBe('mentions'));
  });

  test('U16: marks as unread, and as read again', async () => {
    const { fake, user } = await openRows();
    await menuOf(ANNA);
    await user.click(screen.getByTestId('menu-unread'));
    await waitFor(() => expect(row(ANNA)).toHaveAccessibleName(/Marked as unread/));
    await menuOf(ANNA);
    await user.click(screen.getByTestId('menu-read'));
    await waitFor(() => expect(row(ANNA)).not.toHaveAccessibleName(/Marked as unread/));
    expect(fake.calls).toContainEqual(
      expect.objectContaining({ type: 'mark-displayed', conversation: ANNA }),
    );
  });

  test('U16: archives and unarchives', async () => {
    const { user } = await openRows();
    await menuOf(ANNA);
    await user.click(screen.getByTestId('menu-archive'));
    await waitFor(() => expect(ids()).not.toContain(ANNA));
    await user.click(screen.getByTestId('list-filter'));
    await user.click(screen.getByTestId('menu-filter-archived'));
    expect(ids()).toEqual([ANNA, OUYANG]);
    await menuOf(ANNA);
    await user.click(screen.getByTestId('menu-archive'));
    await waitFor(() => expect(ids()).toEqual([OUYANG]));
  });

  test('U16: leaves a room after having asked, and only a room', async () => {
    const { fake, user } = await openRows();
    await menuOf(ANNA);
    expect(screen.queryByTestId('menu-leave')).toBeNull();
    await user.keyboard('{Escape}');
    await menuOf(LUNCH);
    await user.click(screen.getByTestId('menu-leave'));
    expect(screen.getByRole('dialog')).toHaveTextContent('What was said so far stays');
    await user.click(screen.getByTestId('leave-submit'));
    expect(fake.calls).toContainEqual({
      type: 'rooms',
      action: 'leave',
      account: ACCOUNT,
      room: LUNCH,
      forget: false,
    });
  });

  test('U16: is reached by the keyboard alone, and Escape gives the focus back', async () => {
    const { user } = await openRows();
    row(ANNA).focus();
    await user.keyboard('{Shift>}{F10}{/Shift}');
    const menu = await screen.findByRole('menu', { name: 'Anna Kowalski' });
    expect(within(menu).getByTestId('menu-pin')).toHaveFocus();
    await user.keyboard('{ArrowDown}');
    expect(within(menu).getByTestId('menu-unread')).toHaveFocus();
    await user.keyboard('{End}');
    expect(within(menu).getByTestId('menu-archive')).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('menu')).toBeNull();
    expect(row(ANNA)).toHaveFocus();
  });
});

describe('filters', () => {
  async function choose(user: Awaited<ReturnType<typeof openRows>>['user'], filter: string) {
    await user.click(screen.getByTestId('list-filter'));
    await user.click(screen.getByTestId(`menu-filter-${filter}`));
  }

  test('U17: unread, mentions, direct, rooms, archived, all', async () => {
    const { user } = await openRows();
    await choose(user, 'unread');
    expect(ids()).toEqual([DESIGN, SIYUAN, ALL, LUNCH]);
    await choose(user, 'mentions');
    expect(ids()).toEqual([DESIGN]);
    await choose(user, 'direct');
    expect(ids()).not.toContain(DESIGN);
    expect(ids()).toContain(ANNA);
    await choose(user, 'rooms');
    expect(ids()).toEqual([DESIGN, ALL, LUNCH]);
    await choose(user, 'archived');
    expect(ids()).toEqual([OUYANG]);
    await user.click(screen.getByTestId('filter-reset'));
    expect(ids()).toHaveLength(7);
  });

  test('U17: what is opened under "unread" stays until another filter is chosen', async () => {
    const { fake, user } = await openRows();
    fake.setRow(SIYUAN, { marked_unread: false });
    await choose(user, 'unread');
    fake.receive(ANNA, 'new');
    await waitFor(() => expect(ids()).toContain(ANNA));
    await user.click(row(ANNA));
    // Nothing is drawn here, so nobody sees a message: it is read by hand.
    const message = fake.talks.get(ANNA)!.messages.at(-1)!.id;
    await fake.request({ type: 'mark-displayed', account: ACCOUNT, conversation: ANNA, message });
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '0'));
    expect(ids()).toContain(ANNA);
    await choose(user, 'direct');
    await choose(user, 'unread');
    expect(ids()).not.toContain(ANNA);
  });

  test('U17: an empty one says what to do', async () => {
    const { user } = await openWindow((fake) => fake.withTeam());
    await screen.findAllByTestId('conversation-row');
    await choose(user, 'mentions');
    expect(screen.getByTestId('empty-list')).toHaveTextContent('Nobody has mentioned you');
    await user.click(within(screen.getByTestId('empty-list')).getByRole('button'));
    await choose(user, 'rooms');
    expect(screen.getByTestId('empty-list')).toHaveTextContent('You are in no room');
  });

  test('U17: Ctrl+Shift+M shows the mentions', async () => {
    const { user } = await openRows();
    await user.keyboard('{Control>}{Shift>}m{/Shift}{/Control}');
    await waitFor(() => expect(ids()).toEqual([DESIGN]));
  });
});

test('U18: of 5,000 conversations only those near the view are drawn, and all can be reached', async () => {
  const { app, user } = await openWindow((fake) => {
    fake.withTeam();
    manyTalks(fake, 5_000);
  });
  await screen.findAllByTestId('conversation-row');
  await waitFor(() => expect(app.session?.list.all.length).toBe(5_005));
  expect(rows().length).toBeLessThan(60);
  row(WANGWEI).focus();
  await user.keyboard('{End}{ArrowUp}{ArrowUp}');
  await waitFor(() => expect(document.activeElement).toHaveAttribute('data-conversation', OUYANG));
  expect(rows().length).toBeLessThan(80);
  expect(document.activeElement?.closest('li')).toHaveAttribute('aria-posinset', '5005');
});

describe('mark all as read', () => {
  test('U19: asks nothing, and is told to the others only after 10 s', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake } = await openWindow((it) => {
      it.withTeam();
      it.talks.get(ANNA)!.readUpTo -= 2;
    });
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '2'));
    screen.getByTestId('read-all').click();
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '0'));
    expect(screen.getByTestId('undo-bar')).toHaveTextContent('1 chat marked as read');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(fake.countOf('mark-displayed')).toBe(0);
    fake.receive(ANNA, 'one more');
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '1'));
    await vi.advanceTimersByTimeAsync(1_100);
    expect(fake.countOf('mark-displayed')).toBe(1);
    await waitFor(() => expect(screen.queryByTestId('undo-bar')).toBeNull());
    // What came meanwhile was in nobody's list when it was cleared.
    expect(row(ANNA)).toHaveAttribute('data-unread', '1');
    expect(fake.talks.get(ANNA)!.messages.at(-1)!.id).toBeGreaterThan(
      fake.talks.get(ANNA)!.readUpTo,
    );
  });

  test('U19: can be taken back', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { fake } = await openWindow((it) => {
      it.withTeam();
      it.talks.get(ANNA)!.readUpTo -= 2;
    });
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '2'));
    screen.getByTestId('read-all').click();
    (await screen.findByTestId('read-all-undo')).click();
    await waitFor(() => expect(row(ANNA)).toHaveAttribute('data-unread', '2'));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(fake.countOf('mark-displayed')).toBe(0);
  });
});

describe('U96: people of the same name', () => {
  const [ONE, TWO] = ['zhangwei@valley.local', 'zhangwei2@valley.local'];
  const open = async () => {
    const stage = await openWindow((fake) => {
      fake.withTeam();
      company(fake, 0);
      for (const address of [ONE, TWO]) {
        fake.receive(address, '你好');
      }
    });
    await screen.findAllByTestId('conversation-row');
    return stage;
  };
  const row = (address: string) =>
    document.querySelector<HTMLElement>(`[data-conversation="${address}"]`)!;

  test('are told apart in the list, above the conversation and where one forwards to', async () => {
    const { app, user } = await open();
    await waitFor(() => expect(row(ONE)).toHaveTextContent('张伟 · 平台组'));
    expect(row(TWO)).toHaveTextContent('张伟 · 华东');
    // Nobody else carries more than a name.
    expect(row(WANGWEI)).not.toHaveTextContent('界面组');
    await app.session!.go(TWO);
    const title = await screen.findByRole('heading', { level: 1, name: '张伟' });
    expect(title.closest('header')).toHaveTextContent('华东');
    await app.session!.go(WANGWEI);
    const message = (await screen.findAllByTestId('message-text'))[0]!;
    await fireEvent.contextMenu(message, { clientX: 10, clientY: 10 });
    await user.click(screen.getByTestId('menu-forward'));
    await user.type(await screen.findByTestId('forward-filter'), '张伟');
    const found = screen.getAllByTestId('forward-to').map(({ textContent }) => textContent.trim());
    expect(found.sort()).toEqual([
      expect.stringMatching(/张伟\s*华东/),
      expect.stringMatching(/张伟\s*平台组/),
    ]);
  });

  test('are told apart by Ctrl+K, too', async () => {
    const { user } = await open();
    await user.keyboard('{Control>}k{/Control}');
    await screen.findByTestId('switcher-input');
    await user.keyboard('张伟');
    const words = () =>
      screen
        .getAllByTestId('switcher-entry')
        .filter(({ dataset }) => dataset.kind === 'name')
        .map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())
        .sort();
    await waitFor(() =>
      expect(words()).toEqual([
        expect.stringContaining('张伟 市场部 / 华东'),
        expect.stringContaining('张伟 研发部 / 平台组'),
      ]),
    );
  });
});

describe('U112: a row whose name changed is another element', () => {
  async function openRead(read_aloud: boolean) {
    const opened = await openWindow((fake) => {
      fake.withTeam();
      everyRow(fake);
      fake.shell = { ...fake.shell, read_aloud };
    });
    await screen.findAllByTestId('conversation-row');
    return opened;
  }
  const unread = (id: string, count: string) =>
    waitFor(() => expect(row(id)).toHaveAttribute('data-unread', count));

  test('where a screen reader is there, for it is told of new elements alone', async () => {
    const { fake } = await openRead(true);
    const before = row(ANNA);
    fake.receive(ANNA, 'hello');
    await unread(ANNA, '1');
    await waitFor(() => expect(before).not.toBeInTheDocument());
    expect(row(ANNA).getAttribute('aria-label')).toMatch(/1 unread message/);
  });

  test('but not while it has the focus', async () => {
    const { fake } = await openRead(true);
    const before = row(WANGWEI);
    before.focus();
    fake.receive(WANGWEI, 'hello');
    await unread(WANGWEI, '1');
    expect(before).toHaveFocus();
    row(ANNA).focus();
    await waitFor(() => expect(before).not.toBeInTheDocument());
    expect(row(ANNA)).toHaveFocus();
  });

  test('and not where there is none', async () => {
    const { fake } = await openRead(false);
    const before = row(ANNA);
    fake.receive(ANNA, 'hello');
    await unread(ANNA, '1');
    expect(row(ANNA)).toBe(before);
  });
});

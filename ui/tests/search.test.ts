import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { i18n } from '../src/lib/i18n/i18n.svelte';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { longHistory } from '../src/lib/runtime/fixtures';
import { answerSearches, latePage, searchHit } from '../src/lib/runtime/fixtures-search';
import { everyRow } from '../src/lib/runtime/fixtures-lists';
import { company } from '../src/lib/runtime/fixtures-people';
import { ANNA, openWindow, WANGWEI } from './window';

const DESIGN = 'design@rooms.valley.local';
const ZHANGWEI = 'zhangwei@valley.local';
const ZHANGWEI_2 = 'zhangwei2@valley.local';

async function openSearch(prepare: Parameters<typeof openWindow>[0] = (fake) => fake.withTeam()) {
  const opened = await openWindow(prepare);
  await screen.findAllByTestId('conversation-row');
  await opened.user.keyboard('{Control>}{Shift>}f{/Shift}{/Control}');
  await waitFor(() => expect(screen.getByTestId('search-input')).toHaveFocus());
  return opened;
}

const hits = () => screen.queryAllByTestId('search-hit');
const asked = (fake: { calls: unknown[] }) => fake.calls.filter(isFind).at(-1);
const isFind = (call: unknown) =>
  (call as { type: string }).type === 'search' && (call as { action: string }).action === 'find';

describe('searching everything', () => {
  test('U91: a hit shows the words marked, sender, conversation and time', async () => {
    const { user } = await openSearch((fake) => {
      fake.withTeam();
      everyRow(fake);
    });
    await user.keyboard('icons');
    await waitFor(() => expect(hits().length).toBeGreaterThan(1));
    const hit = hits().find(({ dataset }) => dataset.conversation === DESIGN)!;
    expect(hit).toHaveTextContent('Anna Kowalski');
    expect(hit).toHaveTextContent('in 设计组 Design');
    expect(hit.querySelector('mark')).toHaveTextContent('icons');
    expect(hit.querySelector('time')).toHaveTextContent(/\d\d:\d\d|Yesterday/);
  });

  test('U91: Enter jumps with context, back returns to the results', async () => {
    const { user, app } = await openSearch((fake) => fake.withTeam({}, { [ANNA]: longHistory(3) }));
    await user.keyboard('Note 149');
    await waitFor(() => expect(hits()).toHaveLength(1));
    const message = Number(hits()[0]!.dataset.message);
    await user.keyboard('{Enter}');
    await waitFor(() => expect(app.session?.selected).toBe(ANNA));
    await waitFor(() => {
      const shown = app.session!.timeline!.messages.map(({ id }) => id);
      expect(shown).toContain(message);
      expect(shown).toContain(message - 1);
      expect(shown).toContain(message + 1);
    });
    expect(hits()[0]).toHaveAttribute('aria-current', 'true');
    await app.session!.go(WANGWEI);
    expect(hits()).toHaveLength(0);
    await user.keyboard('{Alt>}{ArrowLeft}{/Alt}');
    await waitFor(() => expect(hits()).toHaveLength(1));
    expect(screen.getByTestId('search-input')).toHaveValue('Note 149');
  });

  test('U91: the results are walked with the arrow keys, Escape goes back into the field', async () => {
    const { user } = await openSearch();
    await user.keyboard('the');
    await waitFor(() => expect(hits().length).toBeGreaterThan(2));
    await user.keyboard('{ArrowDown}');
    expect(hits()[0]).toHaveFocus();
    await user.keyboard('{ArrowDown}');
    expect(hits()[1]).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(screen.getByTestId('search-input')).toHaveFocus();
  });

  test('U91: says that nothing was found', async () => {
    const { user } = await openSearch();
    expect(screen.getByTestId('search-hints')).toHaveTextContent('from:Anna');
    await user.keyboard('xyzzy');
    expect(await screen.findByTestId('search-nothing')).toBeVisible();
  });

  test('U91: what takes longer is said to be under way, not to be nothing', async () => {
    const second = latePage();
    const { user } = await openSearch((fake) => {
      fake.withTeam();
      answerSearches(fake, [{ hits: [], next: '1' }, second.page]);
    });
    await user.paste('note');
    expect(await screen.findByTestId('search-going-on')).toBeVisible();
    expect(screen.queryByTestId('search-nothing')).toBeNull();
    second.give({ hits: [searchHit(1)], next: null });
    await waitFor(() => expect(hits()).toHaveLength(1));
    expect(screen.queryByTestId('search-going-on')).toBeNull();
  });

  test('U92: filters can be typed', async () => {
    const { user, fake } = await openSearch();
    await user.keyboard('from:anna after:2024-05-01 before:2030-01-01 has:text contracts');
    await waitFor(() =>
      expect(asked(fake)).toMatchObject({
        text: 'contracts',
        filters: {
          author: ANNA,
          from_ms: new Date(2024, 4, 1).getTime(),
          to_ms: new Date(2030, 0, 1).getTime(),
          kind: 'text',
        },
      }),
    );
    await waitFor(() => expect(hits()).toHaveLength(1));
  });

  test('U92: filters can be clicked, and taken out again', async () => {
    const { user, fake } = await openSearch((it) => {
      it.withTeam();
      everyRow(it);
    });
    await user.click(screen.getByTestId('search-filter-from'));
    await user.click(screen.getByRole('menuitem', { name: 'Anna Kowalski' }));
    expect(screen.getByTestId('search-input')).toHaveValue('from:"Anna Kowalski" ');
    await user.click(screen.getByTestId('search-filter-in'));
    await user.click(screen.getByRole('menuitem', { name: '设计组 Design' }));
    await user.click(screen.getByTestId('search-filter-date'));
    await user.click(screen.getByRole('menuitem', { name: 'Last 7 days' }));
    await user.click(screen.getByTestId('search-filter-has'));
    await user.click(screen.getByRole('menuitem', { name: 'Files' }));
    await waitFor(() =>
      expect(asked(fake)).toMatchObject({
        text: '',
        filters: { author: ANNA, conversation: DESIGN, kind: 'file', to_ms: null },
      }),
    );
    for (const filter of ['has', 'date', 'in', 'from']) {
      await user.click(screen.getByTestId(`search-filter-${filter}`));
    }
    expect(screen.getByTestId('search-input')).toHaveValue('');
  });

  test('U92: a filter that names nobody says so', async () => {
    const { user } = await openSearch();
    await user.keyboard('from:nobody');
    expect(await screen.findByText('Nobody and no room is called “nobody”.')).toBeVisible();
  });

  test('U96: people of one name are told apart, clicked and typed', async () => {
    const { user, fake } = await openSearch((it) => {
      it.withTeam();
      company(it, 0);
    });
    await user.click(screen.getByTestId('search-filter-from'));
    const both = screen.getAllByRole('menuitem', { name: /^张伟/ });
    expect(both.map((one) => one.textContent.replace(/\s+/g, ' ').trim())).toEqual([
      expect.stringMatching(/张伟 平台组/),
      expect.stringMatching(/张伟 华东/),
    ]);
    await user.click(both[1]!);
    await waitFor(() => expect(asked(fake)).toMatchObject({ filters: { author: ZHANGWEI_2 } }));
    expect(screen.getByTestId('search-filter-from')).toHaveTextContent('张伟 · 华东');
    // Typed, the name is asked back.
    await user.click(screen.getByTestId('search-filter-from'));
    screen.getByTestId('search-input').focus();
    const before = fake.calls.filter(isFind).length;
    await user.paste('from:张伟 icons');
    const which = await screen.findByTestId('search-which');
    expect(fake.calls.filter(isFind)).toHaveLength(before);
    await user.click(within(which).getByRole('button', { name: /平台组/ }));
    await waitFor(() =>
      expect(asked(fake)).toMatchObject({ text: 'icons', filters: { author: ZHANGWEI } }),
    );
    expect(screen.queryByTestId('search-which')).toBeNull();
    expect(screen.getByTestId('search-input')).toHaveFocus();
  });

  test('U93: what only the server has follows under a line, nothing twice', async () => {
    const { user, fake } = await openSearch((it) => {
      it.withTeam();
      const hit = {
        account: ACCOUNT,
        conversation: ANNA,
        conversation_name: 'Anna Kowalski',
        message: null,
        archive_id: 'archive-1',
        author: ANNA,
        author_name: 'Anna Kowalski',
        time_ms: Date.parse('2020-01-01T10:00:00Z'),
        excerpt: 'Contracts of the year before',
        highlights: [],
      };
      const known = it.talks.get(ANNA)!.messages[0]!;
      it.onServer = [
        hit,
        { ...hit, archive_id: null, message: known.id, excerpt: known.text },
        { ...hit },
      ];
    });
    await user.keyboard('contracts');
    await waitFor(() => expect(hits()).toHaveLength(1));
    await waitFor(() => expect(hits()).toHaveLength(2), { timeout: 2_000 });
    expect(screen.getByRole('heading', { name: 'On the server' })).toBeVisible();
    expect(hits()[1]).toHaveTextContent('Only on the server');
    expect(fake.calls).toContainEqual(
      expect.objectContaining({ action: 'find-on-server', text: 'contracts' }),
    );
  });

  test('U91 U93: what only the server has is fetched when it is opened', async () => {
    const { user, fake } = await openSearch((it) => {
      it.withTeam();
      it.onServer = [
        {
          account: ACCOUNT,
          conversation: ANNA,
          conversation_name: 'Anna Kowalski',
          message: null,
          archive_id: 'archive-1',
          author: ANNA,
          author_name: 'Anna Kowalski',
          time_ms: Date.parse('2020-01-01T10:00:00Z'),
          excerpt: 'Blueprints of the year before',
          highlights: [],
        },
      ];
    });
    await user.keyboard('blueprints');
    await waitFor(() => expect(hits()).toHaveLength(1), { timeout: 2_000 });
    await user.click(hits()[0]!);
    await waitFor(() =>
      expect(document.querySelector('.flash')).toHaveTextContent('Blueprints of the year before'),
    );
    expect(fake.calls).toContainEqual(
      expect.objectContaining({
        action: 'locate',
        conversation: ANNA,
        place: { at: 'archived', id: 'archive-1', time_ms: Date.parse('2020-01-01T10:00:00Z') },
      }),
    );
  });

  test('U93: what cannot be fetched is said where it would stand', async () => {
    const { user, fake } = await openSearch((it) => {
      it.withTeam();
      it.onServer = [
        {
          account: ACCOUNT,
          conversation: ANNA,
          conversation_name: 'Anna Kowalski',
          message: null,
          archive_id: 'archive-1',
          author: ANNA,
          author_name: 'Anna Kowalski',
          time_ms: 0,
          excerpt: 'Blueprints',
          highlights: [],
        },
      ];
    });
    await user.keyboard('blueprints');
    await waitFor(() => expect(hits()).toHaveLength(1), { timeout: 2_000 });
    fake.setConnection({ state: 'offline', error: null });
    await user.click(hits()[0]!);
    expect(await screen.findByText(/could not be loaded/)).toBeVisible();
  });

  test('U93: a server that cannot be asked is said, and asked again on request', async () => {
    const { user, fake, app } = await openSearch();
    await user.keyboard('contracts');
    await waitFor(() => expect(hits()).toHaveLength(1));
    fake.failNext('search', 'not-connected');
    await waitFor(() => expect(app.session?.search.serverState).toBe('failed'), {
      timeout: 2_000,
    });
    expect(screen.getByText('The server could not be asked.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(screen.getByText('Nothing else on the server.')).toBeVisible());
  });
});

describe('searching in the conversation', () => {
  async function openFind() {
    const opened = await openWindow((fake) => fake.withTeam({}, { [WANGWEI]: longHistory(2) }));
    await screen.findAllByTestId('message');
    await opened.user.keyboard('{Control>}f{/Control}');
    await waitFor(() => expect(screen.getByTestId('find-input')).toHaveFocus());
    return opened;
  }

  const place = () => screen.getByTestId('find-place').textContent.trim();

  test('U91: counts, and goes to older and newer ones with Enter and Shift+Enter', async () => {
    const { user, app, fake } = await openFind();
    await user.keyboard('Note 1');
    await waitFor(() => expect(place()).toMatch(/^1 of \d+\+?$/));
    expect(asked(fake)).toMatchObject({ filters: { conversation: WANGWEI } });
    const first = app.session!.find.hit!.message;
    await user.keyboard('{Enter}');
    await waitFor(() => expect(place()).toMatch(/^2 of/));
    expect(app.session!.find.hit!.message).toBeLessThan(first!);
    await user.keyboard('{Shift>}{Enter}{/Shift}');
    await waitFor(() => expect(place()).toMatch(/^1 of/));
    await user.click(screen.getByTestId('find-newer'));
    await waitFor(() => expect(place()).not.toMatch(/^1 of/));
    await waitFor(() =>
      expect(app.session!.timeline!.messages.map(({ id }) => id)).toContain(
        app.session!.find.hit!.message,
      ),
    );
  });

  test('U91: is begun with a button, too', async () => {
    const { user, app } = await openWindow((fake) => fake.withTeam());
    await screen.findAllByTestId('message');
    const button = screen.getByTestId('find-here');
    expect(button).toHaveAccessibleName(i18n.t('shortcuts.find-here'));
    await user.click(button);
    await waitFor(() => expect(screen.getByTestId('find-input')).toHaveFocus());
    expect(app.session?.find.open).toBe(true);
  });

  test('U91: says when there is nothing, Escape closes and the focus goes where one writes', async () => {
    const { user } = await openFind();
    await user.keyboard('xyzzy');
    await waitFor(() => expect(place()).toBe('Not found'));
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('find-bar')).toBeNull();
    expect(screen.getByTestId('composer')).toHaveFocus();
  });

  test('U91: what takes longer is said to be under way, not to be nothing', async () => {
    const second = latePage();
    const { user, fake } = await openFind();
    answerSearches(fake, [{ hits: [], next: '1' }, second.page]);
    await user.paste('note');
    await waitFor(() => expect(place()).toBe('Loading…'));
    second.give({ hits: [], next: null });
    await waitFor(() => expect(place()).toBe('Not found'));
  });

  test('U42: the Escape that ends a composition, told after it as WebKit does, closes nothing', async () => {
    const { app } = await openFind();
    const field = screen.getByTestId('find-input');
    const escape = () =>
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    field.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
    field.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }));
    escape();
    expect(app.session?.find.open).toBe(true);
    await new Promise((resolve) => setTimeout(resolve));
    escape();
    await waitFor(() => expect(app.session?.find.open).toBe(false));
  });

  test('another conversation closes it', async () => {
    const { app } = await openFind();
    await app.session!.select(ANNA);
    await waitFor(() => expect(screen.queryByTestId('find-bar')).toBeNull());
  });
});

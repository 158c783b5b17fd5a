import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import { everyRow } from '../src/lib/runtime/fixtures-lists';
import { file } from '../src/lib/runtime/fixtures-messages';
import { problems } from './accessible';
import { ANNA, openWindow, WANGWEI } from './window';

async function openFiles() {
  const opened = await openWindow((fake) => {
    fake.withTeam();
    everyRow(fake);
  });
  await opened.user.click(await screen.findByTestId('open-files'));
  await waitFor(() => expect(hits()).toHaveLength(2));
  return opened;
}

const hits = () => screen.queryAllByTestId('file-row');

describe('the files of all conversations', () => {
  test('U74: are there by kind, and lead to their message', async () => {
    const { user, app } = await openFiles();
    expect(hits()[1]).toHaveTextContent('Contract page 4, corrected.pdf');
    expect(hits()[1]).toHaveTextContent('Anna Kowalski → You · 240 kB');
    await user.click(screen.getByTestId('files-documents'));
    await waitFor(() => expect(hits()).toHaveLength(1));
    await user.click(screen.getByTestId('files-pictures'));
    await waitFor(() => expect(hits()[0]).toHaveTextContent('首页 第二版.png'));
    await user.click(hits()[0]!);
    await waitFor(() => expect(app.session?.selected).toBe(ANNA));
    expect(app.session?.navigation.section).toBe('chats');
  });

  test('U74: are searched, and an empty list says what will be there', async () => {
    const { user } = await openFiles();
    await user.type(screen.getByTestId('files-search'), 'xyzzy');
    await waitFor(() => expect(screen.getByTestId('files-none')).toBeVisible());
    expect(screen.getByTestId('files-none')).toHaveTextContent('No file has this in its name.');
    await user.clear(screen.getByTestId('files-search'));
    await user.click(screen.getByTestId('files-media'));
    await waitFor(() =>
      expect(screen.getByTestId('files-none')).toHaveTextContent('Files that you send'),
    );
  });

  test('U73 U74: are opened and saved there, but for programs, of which it warns', async () => {
    const { user, fake } = await openWindow((fake) => {
      fake.withTeam().withFiles();
      fake.receive(WANGWEI, '', { kind: 'file', attachments: [file('plan.pdf')] });
      fake.receive(WANGWEI, '', { kind: 'file', attachments: [file('setup.exe')] });
    });
    await user.click(await screen.findByTestId('open-files'));
    await waitFor(() => expect(hits()).toHaveLength(2));
    const row = (name: string) =>
      hits()
        .find(({ textContent }) => textContent.includes(name))!
        .closest('li')!;
    expect(row('plan.pdf')).toHaveTextContent(/^\s*PDF/);
    expect(row('plan.pdf')).not.toHaveTextContent('May start a program');
    expect(row('setup.exe')).toHaveTextContent(/^\s*EXE.*May start a program/s);
    expect(within(row('setup.exe')).queryByTestId('file-row-open')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Save setup.exe as…' }));
    await user.click(screen.getByRole('button', { name: 'Open plan.pdf' }));
    expect(fake.files!.saved).toEqual(['setup.exe']);
    expect(fake.files!.opened).toEqual(['plan.pdf']);
    // The Tab key goes from a row to what can be done with it, and not through all rows.
    const open = screen.getByTestId('file-row-open');
    expect(within(row('plan.pdf')).getByTestId('file-row')).toHaveAttribute('tabindex', '0');
    expect(open).toHaveAttribute('tabindex', '0');
    expect(within(row('setup.exe')).getByTestId('file-row-save')).toHaveAttribute('tabindex', '-1');
    vi.spyOn(fake.files!, 'open').mockRejectedValue(apiError('not-found'));
    await user.click(open);
    expect(await screen.findByRole('alert')).toBeVisible();
  });

  test('U74: say who sent them to whom, or in which room', async () => {
    const { user } = await openWindow((fake) => {
      fake.withTeam();
      everyRow(fake);
      const more = { author: 'x@valley.local', author_name: '周敏', attachments: [file('a.pdf')] };
      fake.receive('lunch@rooms.valley.local', '', { kind: 'file', ...more });
    });
    await user.click(await screen.findByTestId('open-files'));
    await waitFor(() => expect(hits()).toHaveLength(3));
    const about = (name: string) =>
      hits().find(({ textContent }) => textContent.includes(name))!.textContent;
    expect(about('a.pdf')).toContain('周敏 in 午饭 · ');
    expect(about('首页 第二版.png')).toContain('You → Anna Kowalski · ');
  });

  test('U112: axe finds nothing wrong in them', async () => {
    await openFiles();
    expect(await problems(document.body)).toEqual([]);
  }, 60_000);
});

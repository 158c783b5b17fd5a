import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { everyRow } from '../src/lib/runtime/fixtures-lists';
import { problems } from './accessible';
import { ANNA, openWindow } from './window';

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
    expect(hits()[1]).toHaveTextContent('Anna Kowalski · 240 kB');
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

  test('U112: axe finds nothing wrong in them', async () => {
    await openFiles();
    expect(await problems(document.body)).toEqual([]);
  }, 60_000);
});

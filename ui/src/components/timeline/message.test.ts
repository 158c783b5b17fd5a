import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { i18n } from '../../lib/i18n/i18n.svelte';
import type { MessageView } from '../../lib/rpc/generated/MessageView';
import { picture, file } from '../../lib/runtime/fixtures-messages';
import { showMessage } from '../../../tests/message';

const text = () => screen.getByTestId('message-text');

test('a plain message shows its text and nothing else', () => {
  showMessage({});
  expect(text()).toHaveTextContent('Hello');
  for (const more of ['reply', 'retracted', 'file', 'picture', 'edited', 'reactions', 'unfold']) {
    expect(screen.queryByTestId(`message-${more}`)).toBeNull();
  }
});

test('what it answers, its files, its reactions and that it was edited are shown', () => {
  showMessage({
    reply: { message: 7, author_name: 'Marc', excerpt: 'Where is it?' },
    edited_ms: 1,
    reactions: [{ emoji: '👍', count: 2, mine: true, names: ['Marc'] }],
    attachments: [file('map.pdf')],
  });
  expect(screen.getByTestId('message-reply')).toHaveTextContent('Marc Where is it?');
  expect(screen.getByTestId('message-edited')).toHaveTextContent(i18n.t('message.edited'));
  expect(screen.getByRole('button', { name: '👍 by You, Marc' })).toHaveTextContent('👍 2');
  expect(screen.getByTestId('message-file')).toHaveTextContent('map.pdf');
});

describe('U38: of a message that was taken back one line stays', () => {
  const gone = () => screen.getByTestId('message-retracted');

  test('with who and when', () => {
    showMessage({ text: '', retracted: { by: null } });
    expect(screen.queryByTestId('message-text')).toBeNull();
    expect(gone()).toHaveTextContent('Anna recalled a message. 08:00');
    expect(screen.queryByTestId('edit-again')).toBeNull();
  });

  test.each([
    ['', 'removed by a moderator'],
    ['王伟', 'removed by 王伟'],
  ])('a moderator %j is named as such', (by, words) => {
    showMessage({ text: '', retracted: { by } });
    expect(gone()).toHaveTextContent(words);
  });
});

test('U112: a message is one sentence with who and when', () => {
  showMessage({ edited_ms: 1 });
  expect(screen.getByRole('article')).toHaveAccessibleName('Anna, 08:00: Hello; edited');
});

describe('the text', () => {
  test('is styled by elements, never read as HTML, and keeps every sign', () => {
    const written = '*bold* `<b>x</b>` <img src=x onerror="alert(1)"> _a_';
    showMessage({ text: written });
    expect(text().textContent).toBe(written);
    expect(text().querySelector('strong')).toHaveTextContent('bold');
    expect(text().querySelector('code')).toHaveTextContent('<b>x</b>');
    expect(text().querySelector('img, b')).toBeNull();
  });

  test('that says it is not styled is not', () => {
    showMessage({ text: '*bold*', unstyled: true });
    expect(text().querySelector('strong')).toBeNull();
  });

  test('U32: that is long is folded', async () => {
    showMessage({ text: Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n') });
    expect(text()).not.toHaveTextContent('line 30');
    await userEvent.click(screen.getByTestId('message-unfold'));
    expect(text()).toHaveTextContent('line 39');
    await userEvent.click(screen.getByTestId('message-unfold'));
    expect(text()).not.toHaveTextContent('line 30');
  });

  test('U33: has links that show their target and are opened outside', async () => {
    const { pane } = showMessage({ text: 'see www.example.org' });
    const link = screen.getByRole('link', { name: 'www.example.org' });
    expect(link).toHaveAttribute('title', 'https://www.example.org/');
    await userEvent.click(link);
    expect(pane.openLink).toHaveBeenCalledWith('https://www.example.org');
  });

  test('U36: of another direction is a world of its own', () => {
    showMessage({ text: 'مرحبا report.pdf', author_name: 'مريم' }, { named: true });
    expect(text()).toHaveAttribute('dir', 'auto');
    expect(screen.getByText('مريم', { selector: 'bdi' })).toBeInTheDocument();
  });

  test('marks those who are named', () => {
    showMessage({
      text: '@Lina and @Marc',
      mentions: [
        { start: 0, end: 5, address: 'lina@valley.local', me: true },
        { start: 10, end: 15, address: 'marc@valley.local', me: false },
      ],
    });
    expect(screen.getByText('@Lina')).toHaveClass('me');
    expect(screen.getByText('@Marc')).toHaveClass('mention');
  });

  test('U35: of emoji alone is larger', () => {
    showMessage({ text: '🎉' });
    expect(text().closest('.bubble')).toHaveClass('big');
  });

  test('of a deed says who does it', () => {
    showMessage({ text: '/me waves' });
    expect(text()).toHaveTextContent('Anna waves');
  });
});

test('code is shown as code, and can be copied without its frame', async () => {
  const user = userEvent.setup();
  const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
  showMessage({ text: '```ts\nconst a = 1;\n```' });
  expect(screen.getByTestId('code-block')).toHaveTextContent('const a = 1;');
  await user.click(screen.getByRole('button', { name: 'Copy code' }));
  expect(write).toHaveBeenCalledWith('const a = 1;');
});

test('U21: only the first of a block has name and avatar; each has its time', () => {
  const { rerender } = showMessage({}, { named: true });
  expect(screen.getByText('Anna', { selector: 'bdi' })).toBeInTheDocument();
  rerender({ head: false });
  expect(screen.queryByText('Anna', { selector: 'bdi' })).toBeNull();
  expect(screen.getByText('08:00', { selector: 'time' })).toBeInTheDocument();
});

test('U31: a quote leads to its message, if it is here', async () => {
  const { pane } = showMessage({ reply: { message: 7, author_name: 'Marc', excerpt: 'Where?' } });
  await userEvent.click(screen.getByTestId('message-reply'));
  expect(pane.showQuoted).toHaveBeenCalledWith(7, 1);
});

test('U71: a picture has its place before it is here', () => {
  showMessage({ text: '', attachments: [picture('a.png', 720, 360)] }, { files: true });
  expect(screen.getByTestId('message-picture')).toHaveStyle({ 'inline-size': '360px' });
  expect(screen.getByTestId('message-picture')).toHaveStyle({ 'aspect-ratio': '360 / 180' });
});

test('U73: a program that came in cannot be opened, only saved', () => {
  showMessage({ attachments: [file('setup.exe'), file('a.pdf')] }, { files: true });
  expect(screen.getAllByTestId('file-open')).toHaveLength(1);
  expect(screen.getAllByTestId('file-save')).toHaveLength(2);
  expect(screen.getByText('May start a program')).toBeVisible();
});

test('a file is opened by its name, which says what it does', async () => {
  const attachments = [file('a.pdf'), file('setup.exe')];
  const { pane } = showMessage({ attachments }, { files: true });
  const openFile = vi.spyOn(pane.actions, 'openFile').mockResolvedValue();
  const open = screen.getByTestId('file-open');
  expect(open).toHaveAccessibleName(/^Open a\.pdf, \d/);
  await userEvent.click(screen.getByText('a.pdf'));
  expect(openFile).toHaveBeenCalledWith(expect.objectContaining({ id: 1 }), 0);
  await userEvent.click(screen.getByText('setup.exe'));
  expect(openFile).toHaveBeenCalledTimes(1);
});

test('U61: the state is told by icon, tooltip and words', () => {
  const delivery: MessageView['delivery'] = { state: 'read' };
  showMessage({ direction: 'outgoing', delivery });
  expect(screen.getByRole('img', { name: 'Read' })).toHaveAttribute('title', 'Read');
});

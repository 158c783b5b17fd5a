import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import { file, picture } from '../src/lib/runtime/fixtures-messages';
import { open, sent } from './open-conversation';
import { WANGWEI } from './window';

describe('files', () => {
  const png = new File(['png'], 'image.png', { type: 'image/png' });
  beforeEach(() => {
    URL.createObjectURL = () => 'blob:x';
    URL.revokeObjectURL = () => undefined;
  });
  const paste = (field: HTMLElement, files: File[], text = '') =>
    fireEvent.paste(field, {
      clipboardData: {
        files,
        getData: () => text,
        types: [...(files.length > 0 ? ['Files'] : []), ...(text === '' ? [] : ['text/plain'])],
      },
    });

  test('U77: a file that is here is dragged out of the window, and not sent by that', async () => {
    const { fake } = await open((fake) => {
      const attachments = [file('报告 1.pdf', { state: 'here' }), file('far.pdf')];
      fake.receive(WANGWEI, '', { kind: 'file', attachments });
      fake.receive(WANGWEI, '', {
        kind: 'file',
        attachments: [{ ...picture('plan.png', 80, 60), state: 'here' }],
      });
    });
    const files = fake.files!;
    const [here, far] = screen.getAllByTestId('message-file');
    expect(far).toHaveAttribute('draggable', 'false');
    expect(await fireEvent.dragStart(far!)).toBe(true);
    // The page's own drag does not happen.
    expect(await fireEvent.dragStart(here!)).toBe(false);
    await waitFor(() => expect(files.dragged).toEqual(['报告 1.pdf']));
    // As long as the pointer carries it, it is nothing that could be sent.
    let letGo: () => void = () => undefined;
    files.letGo = new Promise((resolve) => (letGo = resolve));
    await fireEvent.dragStart(screen.getByTestId('message-picture'));
    const dataTransfer = { types: ['Files'], items: [], files: [] };
    expect(await fireEvent.dragOver(here!, { dataTransfer })).toBe(true);
    letGo();
    await waitFor(async () =>
      expect(await fireEvent.dragOver(here!, { dataTransfer })).toBe(false),
    );
    expect(files.dragged).toEqual(['报告 1.pdf', 'plan.png']);
  });

  test('U77: a button that is released before the file is ready drags nothing', async () => {
    const { fake } = await open((fake) => {
      const attachments = [file('a.pdf', { state: 'here' })];
      fake.receive(WANGWEI, '', { kind: 'file', attachments });
    });
    let ready: () => void = () => undefined;
    const drag = vi
      .spyOn(fake.files!, 'drag')
      .mockReturnValue(new Promise((resolve) => (ready = resolve)));
    await fireEvent.dragStart(screen.getByTestId('message-file'));
    const released = drag.mock.calls[0]![3];
    expect(released.aborted).toBe(false);
    await fireEvent.mouseUp(document.body);
    expect(released.aborted).toBe(true);
    ready();
  });

  test('U47: files that a file manager has copied are fetched from the system', async () => {
    const { field, fake } = await open();
    fake.desktop.pasted = [new File(['a'], '报告.txt'), new File(['b'], 'b.txt')];
    const types = ['text/uri-list', 'text/plain'];
    const getData = (type: string) => (type === 'text/plain' ? '/home/a/报告.txt' : '');
    await fireEvent.paste(field, { clipboardData: { files: [], types, getData } });
    expect(await screen.findByTestId('pending-files')).toHaveTextContent('报告.txt');
    expect(screen.getByTestId('pending-files')).toHaveTextContent('b.txt');
    expect(field).toHaveValue('');
  });

  test('U47: they belong to the conversation where they were pasted', async () => {
    const { app, field, fake } = await open();
    let read: (files: File[]) => void = () => undefined;
    vi.spyOn(fake.desktop, 'pastedFiles').mockReturnValueOnce(
      new Promise((resolve) => (read = resolve)),
    );
    const types = ['text/uri-list'];
    await fireEvent.paste(field, { clipboardData: { files: [], types, getData: () => '' } });
    const { composer } = app.session!;
    await app.session!.move(1);
    expect(app.session!.composer).not.toBe(composer);
    read([new File(['a'], 'a.txt')]);
    await waitFor(() => expect(composer!.files.pending).toHaveLength(1));
    expect(app.session!.composer!.files.pending).toEqual([]);
  });

  test('U47: a picture that the paste does not tell of is asked for', async () => {
    const { field } = await open();
    const item = { types: ['image/png'], getType: async () => png };
    const read = vi.spyOn(navigator.clipboard, 'read');
    read.mockResolvedValueOnce([item as unknown as ClipboardItem]);
    await paste(field, []);
    expect(await screen.findByTestId('pending-files')).toHaveTextContent('image.png');
    read.mockRejectedValueOnce(new DOMException('no', 'NotAllowedError'));
    await paste(field, []);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test('U47: a pasted picture is shown with a caption; Enter sends', async () => {
    const { user, fake, field } = await open();
    await paste(field, [png]);
    await user.type(await screen.findByTestId('caption'), '看这里{Enter}');
    await waitFor(() => expect(sent(fake).attachments).toHaveLength(1));
    expect(sent(fake)).toMatchObject({ text: '看这里', kind: 'file' });
    expect(screen.queryByTestId('caption')).toBeNull();
  });

  test('U47: Escape sends nothing; cells of a table are text', async () => {
    const { fake, field } = await open();
    const before = sent(fake).id;
    await paste(field, [png]);
    await screen.findByTestId('caption');
    await fireEvent(document.querySelector('dialog')!, new Event('cancel', { cancelable: true }));
    expect(screen.queryByTestId('caption')).toBeNull();
    expect(sent(fake).id).toBe(before);
    await paste(field, [png], 'a\tb');
    expect(screen.queryByTestId('caption')).toBeNull();
  });

  test('U48: a drop anywhere shows to whom it goes; folders are refused with words', async () => {
    await open();
    const pane = screen.getByTestId('timeline');
    const item = (entry: { isDirectory: boolean }, file: File | null) => ({
      kind: 'file',
      webkitGetAsEntry: () => entry,
      getAsFile: () => file,
    });
    const dataTransfer = {
      types: ['Files'],
      items: [item({ isDirectory: true }, null), item({ isDirectory: false }, png)],
    };
    await fireEvent.dragEnter(pane, { dataTransfer });
    expect(screen.getByTestId('drop-target')).toHaveTextContent('Drop to send to 王伟');
    await fireEvent.drop(pane, { dataTransfer });
    expect(screen.queryByTestId('drop-target')).toBeNull();
    expect(within(screen.getByTestId('pending-files')).getAllByRole('listitem')).toHaveLength(1);
    expect(screen.getByText(/Folders cannot be sent/)).toBeVisible();
  });

  test('U74: those of the conversation are listed by kind, and lead to their messages', async () => {
    const { user, fake } = await open((it) => {
      it.fill(WANGWEI, [
        {
          direction: 'incoming',
          text: 'https://example.org/a',
          ago: 1,
          more: { attachments: [picture('a.png', 10, 10), file('b.pdf')] },
        },
      ]);
    });
    await user.click(screen.getByTestId('files-open'));
    const panel = () => within(screen.getByTestId('files-panel'));
    expect(await panel().findByTestId('message-picture')).toBeVisible();
    await user.click(panel().getByTestId('files-files'));
    expect(await panel().findByText('b.pdf')).toBeVisible();
    await user.click(panel().getByTestId('files-links'));
    await user.click(await panel().findByRole('link', { name: 'https://example.org/a' }));
    await waitFor(() => expect(fake.opened).toEqual(['https://example.org/a']));
    await user.click(screen.getByTestId('files-close'));
    expect(screen.queryByTestId('files-panel')).toBeNull();
    expect(screen.getByTestId('files-open')).toHaveFocus();
  });

  test('U74: each file is under pictures or files, whatever the window can show', async () => {
    const photo = file('photo.heic', { media_type: 'image/HEIC' });
    const drawing = file('drawing.svg', { media_type: 'image/svg+xml' });
    const attachments = [photo, drawing, picture('a.png', 10, 10), file('unsaid.png')];
    const { user } = await open((it) => {
      it.fill(WANGWEI, [{ direction: 'incoming', text: '', ago: 1, more: { attachments } }]);
    });
    await user.click(screen.getByTestId('files-open'));
    const panel = () => within(screen.getByTestId('files-panel'));
    const cards = () => panel().getAllByTestId('message-file');
    expect(await panel().findByTestId('message-picture')).toBeVisible();
    expect(cards().map((card) => card.querySelector('.name')?.textContent)).toEqual([
      'photo.heic',
      'drawing.svg',
    ]);
    await user.click(panel().getByTestId('files-files'));
    expect(await panel().findByText('unsaid.png')).toBeVisible();
    expect(cards()).toHaveLength(1);
    expect(panel().queryByTestId('message-picture')).toBeNull();
  });

  test('U74: what is further back is offered where a page has nothing to show', async () => {
    const { user, fake } = await open((it) => {
      const attachments = [picture('a.png', 10, 10)];
      const line = { direction: 'incoming', text: '', ago: 1, more: { attachments } } as const;
      it.fill(WANGWEI, [line, ...Array.from({ length: 50 }, () => line)]);
    });
    // Of these only the index of the search knows.
    const request = fake.request.bind(fake);
    vi.spyOn(fake, 'request').mockImplementation(async (asked) => {
      if (asked.type === 'message' && asked.action === 'details') throw apiError('not-found');
      return request(asked);
    });
    await user.click(screen.getByTestId('files-open'));
    const panel = within(screen.getByTestId('files-panel'));
    expect(await panel.findByRole('button', { name: 'Show more' })).toBeVisible();
    expect(panel.queryByText('Nothing here yet.')).toBeNull();
  });

  test('U72: the viewer goes from picture to picture', async () => {
    const { user } = await open((it) => {
      const pictures = ['a.png', 'b.png', 'c.png'].map((name) => picture(name, 300, 200));
      it.fill(WANGWEI, [
        { direction: 'incoming', text: '', ago: 1, more: { attachments: pictures } },
      ]);
    });
    await user.click(
      within(screen.getAllByTestId('message-picture')[1]!).getByRole('button', { hidden: true }),
    );
    const viewer = await screen.findByTestId('viewer');
    expect(viewer).toHaveTextContent('b.png');
    await fireEvent.keyDown(viewer, { key: 'ArrowRight' });
    expect(viewer).toHaveTextContent('c.png');
    expect(screen.getByTestId('viewer-next')).toBeDisabled();
    await fireEvent(viewer, new Event('cancel', { cancelable: true }));
    expect(screen.queryByTestId('viewer')).toBeNull();
  });
});

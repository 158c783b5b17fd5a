import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { apiError } from '../src/lib/errors/api-failure';
import { ACCOUNT } from '../src/lib/runtime/fake';
import { picture } from '../src/lib/runtime/fixtures-messages';
import { loadEmoji } from '../src/lib/text/emoji';
import { loadPinyin } from '../src/lib/text/pinyin';
import { last, menu, messages, open, sent, tools } from './open-conversation';
import { ANNA, WANGWEI } from './window';

beforeEach(() => localStorage.clear());
// Dictionaries come when they are wanted; how long that takes is not what is tested here.
beforeAll(() => Promise.all([loadPinyin(), loadEmoji()]));

test('U71: a picture that could not be fetched comes with the next connection', async () => {
  const { fake } = await open();
  const show = vi.spyOn(fake.files!, 'show').mockRejectedValueOnce(apiError('not-connected'));
  fake.receive(WANGWEI, '', { kind: 'file', attachments: [picture('a.png', 80, 60)] });
  const place = await screen.findByTestId('message-picture');
  await waitFor(() => expect(show).toHaveBeenCalledTimes(1));
  await waitFor(() => expect(within(place).queryByRole('img', { hidden: true })).toBeNull());
  fake.setConnection({ state: 'connecting' });
  fake.setConnection({ state: 'online' });
  expect(await within(place).findByAltText('a.png')).toBeInTheDocument();
  expect(show).toHaveBeenCalledTimes(2);
});

test('U71: a video that could not be fetched can be played with the next connection', async () => {
  const { fake, user } = await open();
  vi.spyOn(fake.files!, 'show').mockRejectedValueOnce(apiError('not-connected'));
  const film = { ...picture('a.mp4', 80, 60), media_type: 'video/mp4' };
  fake.receive(WANGWEI, '', { kind: 'file', attachments: [film] });
  await user.click(await screen.findByTestId('file-play'));
  await waitFor(() => expect(screen.queryByTestId('file-play')).toBeNull());
  fake.setConnection({ state: 'connecting' });
  fake.setConnection({ state: 'online' });
  expect(await screen.findByTestId('file-play')).toBeVisible();
});

describe('answering', () => {
  test('from the toolbar, with the quote above the field', async () => {
    const { user, fake, field } = await open();
    fake.receive(WANGWEI, 'When?');
    await waitFor(() => expect(last()).toHaveTextContent('When?'));
    await user.click((await tools(last())).getByTestId('message-reply'));
    expect(screen.getByTestId('reply-bar')).toHaveTextContent('When?');
    await user.type(field, 'At three{Enter}');
    await waitFor(() => expect(last()).toHaveTextContent('At three'));
    expect(sent(fake).reply?.excerpt).toBe('When?');
    expect(screen.queryByTestId('reply-bar')).toBeNull();
  });

  test('U111: on macOS ⌥⌘↑ leads into the messages and ⌘C copies one', async () => {
    const { user, fake, field } = await open((fake) => {
      fake.shell.platform = 'macos';
    });
    field.focus();
    await user.keyboard('{Meta>}{Alt>}{ArrowUp}{/Alt}{/Meta}');
    expect(last()).toHaveFocus();
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    // With Control alone it is something of the system's.
    await fireEvent.keyDown(last(), { key: 'c', ctrlKey: true });
    expect(write).not.toHaveBeenCalled();
    await fireEvent.keyDown(last(), { key: 'c', metaKey: true });
    await waitFor(() => expect(write).toHaveBeenCalledWith(sent(fake).text));
  });

  test('U111: Ctrl+U chooses files, and not behind a dialog', async () => {
    const { user, field } = await open();
    const opened = vi.fn();
    screen.getByTestId('attach-input').addEventListener('click', opened);
    field.focus();
    await user.keyboard('{Control>}u{/Control}');
    expect(opened).toHaveBeenCalledOnce();
    await user.keyboard('{Control>}/{/Control}');
    await user.keyboard('{Control>}u{/Control}');
    expect(opened).toHaveBeenCalledOnce();
  });

  test('U111: Escape with nothing left to close marks the conversation as read', async () => {
    const { user, app, fake, field } = await open();
    app.setFocused(false);
    fake.receive(WANGWEI, 'When?');
    await waitFor(() => expect(app.session?.conversation?.unread).toBe(1));
    app.session!.navigation.toggleDetails();
    field.focus();
    await user.keyboard('{Escape}');
    expect(app.session?.navigation.details).toBeNull();
    expect(app.session?.conversation?.unread).toBe(1);
    field.focus();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(app.session?.conversation?.unread).toBe(0));
  });

  test('U111: with the keyboard alone: Ctrl+Up chooses, Enter answers, Escape lets go', async () => {
    const { user, field } = await open();
    field.focus();
    await user.keyboard('{Control>}{ArrowUp}{/Control}');
    expect(last()).toHaveFocus();
    await user.keyboard('{ArrowUp}{ArrowUp}{ArrowDown}');
    expect(messages().at(-2)).toHaveFocus();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(field).toHaveFocus());
    expect(screen.getByTestId('reply-bar')).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('reply-bar')).toBeNull();
    await user.keyboard('{Control>}{ArrowUp}{/Control}{Escape}');
    expect(field).toHaveFocus();
  });
});

describe('editing', () => {
  test('Up in an empty field takes the last own message; Escape brings everything back', async () => {
    const { user, fake, field } = await open();
    field.focus();
    await user.keyboard('{ArrowUp}');
    expect(field).toHaveValue('投影仪需要提前开吗？');
    await user.keyboard('{Escape}');
    expect(field).toHaveValue('');
    await user.keyboard('{ArrowUp}');
    await user.clear(field);
    await user.type(field, '投影仪开了吗？{Enter}');
    await waitFor(() => expect(sent(fake).text).toBe('投影仪开了吗？'));
    expect(within(last()).getByTestId('message-edited')).toBeVisible();
  });

  test('U39: what it said before is shown on click', async () => {
    const { user, fake } = await open();
    await fake.request({
      type: 'message',
      action: 'edit',
      account: ACCOUNT,
      message: sent(fake).id,
      text: 'changed',
      mentions: [],
    });
    await user.click(await screen.findByTestId('message-edited'));
    expect(await screen.findByTestId('versions')).toHaveTextContent(
      /投影仪需要提前开吗？.*changed/s,
    );
  });
});

test('U38: an own message is recalled, and its text can be used again for five minutes', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const { field } = await open();
  const text = within(last()).getByTestId('message-text').textContent ?? '';
  await menu(last(), 'retract');
  expect(await screen.findByTestId('message-retracted')).toHaveTextContent(
    'You recalled a message.',
  );
  await fireEvent.click(screen.getByTestId('edit-again'));
  expect(field).toHaveValue(text);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(screen.queryByTestId('edit-again')).toBeNull();
});

describe('reactions', () => {
  test('are added and taken away with a click', async () => {
    const { user, fake } = await open();
    await user.click((await tools(last())).getByRole('button', { name: 'React with 👍' }));
    await waitFor(() => expect(sent(fake).reactions).toHaveLength(1));
    await user.click(within(screen.getByTestId('message-reactions')).getByRole('button'));
    await waitFor(() => expect(sent(fake).reactions).toEqual([]));
  });

  test('Ctrl+Shift+\\ reacts to the last message with an emoji that was looked for', async () => {
    const { user, fake, field } = await open();
    field.focus();
    await fireEvent.keyDown(document.body, {
      key: '|',
      code: 'Backslash',
      ctrlKey: true,
      shiftKey: true,
    });
    await user.type(await screen.findByTestId('emoji-find'), '鼓掌');
    await waitFor(() => expect(screen.getAllByTestId('emoji')[0]).toHaveTextContent('👏'));
    await user.keyboard('{Enter}');
    await waitFor(() => expect(sent(fake).reactions[0]?.emoji).toMatch(/^👏/));
    expect(field).toHaveFocus();
  });
});

test('a message is forwarded to somebody who is found by pinyin', async () => {
  const { user, fake } = await open();
  await menu(last(), 'forward');
  await user.type(await screen.findByTestId('forward-filter'), 'oyx');
  await waitFor(() => expect(screen.getAllByTestId('forward-to')).toHaveLength(1));
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByTestId('forward-filter')).toBeNull());
  expect(fake.talks.get('ouyang@valley.local')!.messages.at(-1)?.text).toBe(sent(fake).text);
});

test('a message goes to whom the line names, though the list changes meanwhile', async () => {
  const { user, fake, app } = await open();
  await menu(last(), 'forward');
  const names = () => screen.getAllByTestId('forward-to').map(({ textContent }) => textContent);
  await screen.findByTestId('forward-filter');
  await user.keyboard('{ArrowDown}{ArrowDown}');
  const before = names();
  const { id } = app.session!.list.all[2]!;
  const lowest = app.session!.list.all.at(-1)!.id;
  fake.receive(lowest, 'now this one is on top');
  await waitFor(() => expect(app.session!.list.all[0]?.id).toBe(lowest));
  expect(names()).toEqual(before);
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByTestId('forward-filter')).toBeNull());
  expect(fake.calls).toContainEqual(
    expect.objectContaining({ action: 'forward', conversation: id }),
  );
});

test('the keys do nothing with a message that was recalled', async () => {
  const { user, app, fake } = await open();
  await app.session!.actions!.retract(sent(fake));
  await screen.findByTestId('message-retracted');
  last().focus();
  await user.keyboard('{Enter}');
  expect(screen.queryByTestId('reply-bar')).toBeNull();
  await menu(messages().at(-2)!, 'select');
  last().focus();
  await user.keyboard(' ');
  expect(screen.getByTestId('selection-bar')).toHaveTextContent('One message selected');
  messages().at(-2)!.focus();
  await user.keyboard(' ');
  expect(screen.getByTestId('selection-bar')).toHaveTextContent('0 messages selected');
});

describe('U34: copying', () => {
  test('one message gives its bare text', async () => {
    await open();
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await menu(last(), 'copy');
    expect(write).toHaveBeenCalledWith('投影仪需要提前开吗？');
  });

  test('several chosen ones give lines of name, time and text', async () => {
    const { user } = await open();
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await menu(last(), 'select');
    await user.click(within(messages().at(-2)!).getByTestId('message-choose'));
    expect(screen.getByTestId('selection-bar')).toHaveTextContent('2 messages selected');
    await user.click(screen.getByTestId('selection-copy'));
    expect(write.mock.calls[0]?.[0]).toMatch(
      /^李娜 \d\d:\d\d 不客气。下午的会我提前五分钟到。\n李娜 \d\d:\d\d 投影仪需要提前开吗？$/,
    );
    expect(screen.queryByTestId('selection-bar')).toBeNull();
  });

  test('a selection over several messages does, too; within one it is left alone', async () => {
    await open();
    const select = (from: HTMLElement, to: HTMLElement) => {
      getSelection()?.setBaseAndExtent(from, 0, to, to.childNodes.length);
      const data = new Map<string, string>();
      const event = new Event('copy', { bubbles: true, cancelable: true });
      Object.assign(event, {
        clipboardData: { setData: (type: string, text: string) => data.set(type, text) },
      });
      to.dispatchEvent(event);
      return data.get('text/plain');
    };
    const text = (message: HTMLElement) => within(message).getByTestId('message-text');
    expect(select(text(last()), text(last()))).toBeUndefined();
    expect(select(text(messages().at(-2)!), text(last()))?.split('\n')).toHaveLength(2);
    getSelection()?.removeAllRanges();
  });
});

test('a click with Alt leaves the message and all later ones unread until somebody answers', async () => {
  const { fake, user, field } = await open();
  const count = () =>
    screen
      .getAllByTestId('conversation-row')
      .find((row) => row.dataset.conversation === WANGWEI)!
      .querySelector('.badge')?.textContent;
  fake.receive(WANGWEI, 'one of them');
  fake.receive(WANGWEI, 'the other');
  const text = await screen.findByText('one of them');
  await waitFor(() => expect(count()).toBeUndefined());
  await fireEvent.click(text, { altKey: true });
  await waitFor(() => expect(count()).toBe('2'));
  await user.type(field, 'Done{Enter}');
  await waitFor(() => expect(count()).toBeUndefined());
});

test('U101: who has a message and who has read it', async () => {
  const { fake } = await open();
  fake.setDelivery(sent(fake).id, { state: 'read' });
  await waitFor(() => expect(last()).toHaveAttribute('data-state', 'read'));
  await menu(last(), 'details');
  await screen.findByTestId('message-details');
  expect(screen.getByText('Read by', { selector: 'h3' })).toBeVisible();
});

describe('U33: a link', () => {
  test('is opened outside', async () => {
    const { user, fake } = await open();
    fake.receive(WANGWEI, 'see https://example.org/x');
    await user.click(await screen.findByRole('link', { name: 'https://example.org/x' }));
    await waitFor(() => expect(fake.opened).toEqual(['https://example.org/x']));
  });

  test('that is not what it looks like is asked about first', async () => {
    const { user, fake } = await open();
    fake.receive(WANGWEI, 'see https://bank.example@evil.example/x');
    await user.click(await screen.findByRole('link'));
    expect(await screen.findByTestId('link-host')).toHaveTextContent('evil.example');
    expect(fake.opened).toEqual([]);
    await user.click(screen.getByTestId('link-open'));
    await waitFor(() => expect(fake.opened).toHaveLength(1));
  });
});

test('U63: two that failed are tried again at once', async () => {
  const failed = { state: 'failed', code: 'server-unreachable' } as const;
  const { user, fake } = await open((it) => {
    it.fill(WANGWEI, [
      { direction: 'outgoing', text: 'a', ago: 1, state: failed },
      { direction: 'outgoing', text: 'b', ago: 0, state: failed },
    ]);
  });
  await user.click(await screen.findByTestId('retry-all'));
  await waitFor(() => expect(screen.queryByTestId('failed-bar')).toBeNull());
  expect(sent(fake).delivery).toEqual({ state: 'waiting' });
});

test('an action that fails says why', async () => {
  const { fake } = await open();
  fake.failNext('message', 'not-connected');
  await menu(last(), 'retract');
  expect(await screen.findByTestId('action-problem')).toHaveTextContent('needs a connection');
});

describe('the composer', () => {
  test('U49: @ finds by pinyin; the first Enter takes the name and does not send', async () => {
    const { user, fake, field } = await open();
    await user.type(field, 'hi @ww');
    await waitFor(() =>
      expect(within(screen.getByTestId('completion')).getAllByRole('option')).toHaveLength(1),
    );
    const before = sent(fake).id;
    await user.keyboard('{Enter}');
    expect(field).toHaveValue('hi @王伟 ');
    expect(sent(fake).id).toBe(before);
    await user.keyboard('{Enter}');
    await waitFor(() => expect(sent(fake).mentions).toHaveLength(1));
    expect(sent(fake).mentions[0]).toMatchObject({ start: 3, end: 6, address: WANGWEI });
  });

  test('U42: while an input method composes, the keys are its own', async () => {
    const { user, fake, field } = await open();
    await user.type(field, '@ww');
    await screen.findByTestId('completion');
    await fireEvent.compositionStart(field);
    const before = sent(fake).id;
    for (const key of ['Enter', 'Tab', 'ArrowDown', 'Escape', ' ', '1']) {
      await fireEvent.keyDown(field, { key, isComposing: true });
    }
    expect(field).toHaveValue('@ww');
    expect(screen.getByTestId('completion')).toBeVisible();
    expect(sent(fake).id).toBe(before);
  });

  test('U42: Escape closes the list and nothing else', async () => {
    const { user, field } = await open();
    await user.click((await tools(last())).getByTestId('message-reply'));
    await user.type(field, '@ww');
    await screen.findByTestId('completion');
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('completion')).toBeNull();
    expect(screen.getByTestId('reply-bar')).toBeVisible();
  });

  test('completes emoji and commands', async () => {
    const { user, field } = await open();
    await user.type(field, ':panda');
    await screen.findByTestId('completion');
    await user.keyboard('{Tab}');
    expect(field.value).toMatch(/^🐼/);
    await user.clear(field);
    await user.type(field, '/m');
    expect(await screen.findByTestId('completion')).toHaveTextContent('/me');
    await user.keyboard('{Enter}');
    expect(field).toHaveValue('/me ');
  });

  test('Ctrl+B, Ctrl+I and Ctrl+E put the styles around the selection', async () => {
    const { user, field } = await open();
    await user.type(field, 'word');
    field.setSelectionRange(0, 4);
    await user.keyboard('{Control>}b{/Control}');
    expect(field).toHaveValue('*word*');
    field.setSelectionRange(0, 6);
    await user.keyboard('{Control>}e{/Control}');
    expect(field).toHaveValue('`*word*`');
  });

  test('U53: many pasted lines can become a block of code, in which Tab indents', async () => {
    const { user, field } = await open();
    field.focus();
    await user.paste('a\nb\nc\nd\ne\nf');
    await user.click(await screen.findByTestId('paste-block'));
    expect(field).toHaveValue('```\na\nb\nc\nd\ne\nf\n```');
    field.setSelectionRange(4, 4);
    await user.keyboard('{Tab}');
    expect(field.value).toMatch(/^```\n {2}a\n/);
  });

  test('U55: an emoji goes where the caret is', async () => {
    const { user, field } = await open();
    await user.type(field, 'ab');
    field.setSelectionRange(1, 1);
    await user.click(screen.getByTestId('emoji-open'));
    await user.click((await screen.findAllByTestId('emoji'))[0]!);
    expect(field).toHaveValue('a👍b');
  });

  test('U44: each conversation has its own draft', async () => {
    const { user, app, field } = await open();
    await user.type(field, 'half a sentence');
    await app.session!.select(ANNA);
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveValue(''));
    await app.session!.select(WANGWEI);
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveValue('half a sentence'));
  });
});

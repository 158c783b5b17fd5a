import { describe, expect, test, vi } from 'vitest';
import { apiError } from '../errors/api-failure';
import { i18n } from '../i18n/i18n.svelte';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { manyTalks } from '../runtime/fixtures-lists';
import { Rpc } from '../rpc/client';
import { App } from './app.svelte';
import { Habits } from './habits';
import { LevelsBefore } from './levels-before';

const WANGWEI = 'wangwei@valley.local';
const ANNA = 'anna@valley.local';

async function start(prepare: (fake: FakeRuntime) => void = () => undefined) {
  const fake = new FakeRuntime();
  prepare(fake);
  const app = new App(new Rpc(fake));
  await app.start();
  return { fake, app };
}

const withTeam = (fake: FakeRuntime) => {
  fake.withTeam();
};

describe('the first screen', () => {
  test('is the welcome without an account', async () => {
    expect((await start()).app.screen).toBe('welcome');
  });

  test('is the list with one, and the newest conversation is open', async () => {
    const { app } = await start(withTeam);
    expect(app.screen).toBe('main');
    expect(app.session?.selected).toBe(WANGWEI);
  });

  test('asks the password of a locked account', async () => {
    const { app } = await start((fake) => fake.withTeam({ unlocked: false }));
    expect(app.screen).toBe('unlock');
    app.unlock!.password = 'right';
    await app.submitUnlock();
    expect(app.screen).toBe('main');
  });

  test('is the form "Join" when a link started the program', async () => {
    const { app } = await start((fake) => {
      fake.shell.start_link = { kind: 'join', input: 'startalk://join/#eyJkIjoidmFsbGV5' };
    });
    expect(app.screen).toBe('join');
    expect(app.joinForm?.input).toContain('startalk:');
  });

  test('says so when nothing could be read, and tries again', async () => {
    const { app } = await start((fake) => {
      withTeam(fake);
      fake.failNext('overview', 'cache-failed');
    });
    expect(app.problem?.code).toBe('cache-failed');
    await app.reload();
    expect(app.problem).toBeNull();
    expect(app.screen).toBe('main');
  });
});

describe('language', () => {
  test('follows the system, then the person', async () => {
    const { fake, app } = await start((it) => {
      it.shell.system_locale = 'zh-CN';
    });
    expect(i18n.locale).toBe('zh-CN');
    app.preferences.setLanguage('en');
    expect(i18n.locale).toBe('en');
    expect(fake.shell.settings).toMatchObject({ language: 'en', theme: 'system' });
  });

  test('changes even if it cannot be stored', async () => {
    const { fake, app } = await start();
    fake.failNext('settingsSet', 'disk-full');
    app.preferences.setLanguage('zh-CN');
    await Promise.resolve();
    expect(i18n.locale).toBe('zh-CN');
  });
});

test('who starts a server is in the main view, the server is known', async () => {
  const { app } = await start();
  app.openStart();
  expect(app.screen).toBe('start');
  Object.assign(app.startForm!, { team: 'Valley', name: '李娜', password: 'pw' });
  await app.submitStart();
  expect(app.screen).toBe('main');
  expect(app.server.view).toMatchObject({ state: 'running', team_name: 'Valley' });
});

test('who joins without a keyring is told what that means', async () => {
  const { app } = await start((fake) => {
    fake.overview.secrets = 'ask-each-time';
  });
  app.openJoin('startalk://join/#eyJkIjoidmFsbGV5');
  await app.joinForm!.look();
  Object.assign(app.joinForm!, { name: '王伟', password: 'pw' });
  await app.submitJoin();
  expect(app.screen).toBe('main');
  expect(app.notices.bars).toEqual([{ type: 'keyring-unavailable' }]);
});

describe('events', () => {
  test('of the connection reach the banner and the account', async () => {
    const { fake, app } = await start(withTeam);
    fake.setConnection({ state: 'offline', error: apiError('wrong-password') });
    expect(app.session?.connection.needsPassword).toBe(true);
    expect(app.account?.connection.state).toBe('offline');
  });

  test('of a new connection have that asked for which could not be had without one', async () => {
    const { fake, app } = await start(withTeam);
    const { team, playback } = app.session!;
    const asked = () =>
      fake.calls.filter((call) => call.type === 'people' && call.action === 'avatar').length;
    fake.failNext('people', 'not-connected');
    team.people.pictures.want(ANNA, 'hash');
    await vi.waitFor(() => expect(asked()).toBe(1));
    const track = { conversation: ANNA, message: 1, index: 0, name: 'Anna' };
    await playback.toggle(track, () => Promise.reject(apiError('not-connected')));
    expect(playback.hasFailed(track)).toBe(true);
    fake.setConnection({ state: 'connecting' });
    expect(playback.hasFailed(track)).toBe(true);
    fake.setConnection({ state: 'online' });
    await vi.waitFor(() => expect(asked()).toBe(2));
    expect(playback.hasFailed(track)).toBe(false);
  });

  test('of another account change nothing here', async () => {
    const { fake, app } = await start(withTeam);
    const before = fake.calls.length;
    fake.emit({ type: 'messages-changed', account: 'other', conversation: WANGWEI });
    fake.emit({
      type: 'connection-changed',
      account: 'other',
      connection: { state: 'connecting' },
    });
    expect(fake.calls).toHaveLength(before);
    expect(app.session?.connection.view.state).toBe('online');
  });

  test('that were dropped reload what is shown', async () => {
    const { fake, app } = await start(withTeam);
    fake.talks.get(ANNA)!.typing = true;
    fake.emit({ type: 'lagged' });
    await vi.waitFor(() => expect(app.session?.list.find(ANNA)?.typing).toBe(true));
  });

  test('of messages announce them politely', async () => {
    const { fake, app } = await start(withTeam);
    fake.receive(WANGWEI, '你好');
    await vi.waitFor(() => expect(app.announcer.text).toBe('王伟: 你好'));
    const notification = {
      account: ACCOUNT,
      conversation: ANNA,
      message: 1,
      title: 'Anna',
      room: null,
      mentions_me: false,
      body: 'hi',
      limit: 'anything' as const,
    };
    fake.emit({ type: 'notify', notification });
    expect(app.announcer.text).toBe('Anna: hi');
  });

  test('open a link and a conversation from outside', async () => {
    const { fake, app } = await start(withTeam);
    const link = { kind: 'join', input: 'startalk://join/#eyJkIjoidmFsbGV5' } as const;
    fake.push({ type: 'open-link', link });
    expect(app.screen).toBe('join');
    fake.push({ type: 'open-conversation', account: ACCOUNT, conversation: ANNA, message: null });
    await vi.waitFor(() => expect(app.session?.selected).toBe(ANNA));
    expect(app.screen).toBe('main');
  });

  test('of the server reach the strip', async () => {
    const { fake, app } = await start(withTeam);
    fake.setServer({
      state: 'stopped',
      team_name: 'x',
      error: apiError('port-in-use', { port: '1' }),
    });
    expect(app.server.problem?.code).toBe('port-in-use');
  });
});

describe('conversations', () => {
  test('a person without one gets one', async () => {
    const { app } = await start(withTeam);
    await app.session!.startConversation('tomas@valley.local');
    expect(app.session?.selected).toBe('tomas@valley.local');
    expect(app.session?.list.contacts.map(({ name }) => name)).toEqual(['周敏']);
  });

  test('that cannot be started say why', async () => {
    const { fake, app } = await start(withTeam);
    fake.failNext('start-conversation', 'not-found');
    await app.session!.startConversation('tomas@valley.local');
    expect(app.session?.problem?.code).toBe('not-found');
    expect(app.session?.selected).toBe(WANGWEI);
  });

  test('keep their own drafts', async () => {
    const { app } = await start(withTeam);
    app.session!.composer!.input('for Wang Wei');
    await app.session!.select(ANNA);
    expect(app.session?.composer?.text).toBe('');
    await vi.waitFor(() => expect(app.session?.list.find(WANGWEI)?.draft).toBe('for Wang Wei'));
    await app.session!.select(WANGWEI);
    expect(app.session?.composer?.text).toBe('for Wang Wei');
  });

  test('an own message removes the line and is there at once', async () => {
    const { app } = await start(withTeam);
    const { composer, timeline } = app.session!;
    composer!.input('hello');
    await composer!.send();
    expect(timeline!.sent).toBe(1);
    await vi.waitFor(() => expect(timeline!.messages.at(-1)?.text).toBe('hello'));
  });
});

describe('a conversation far below what was read of the list', () => {
  const OLD = 'old@valley.local';
  /** All that is there is read, and then one is there that no page has had. */
  const open = async () => {
    const { fake, app } = await start((it) => {
      it.withTeam();
      it.withAccount({ id: 'account-2' });
      manyTalks(it, 260);
    });
    const { list } = app.session!;
    await vi.waitFor(() => expect(list.all.length).toBeGreaterThan(260));
    fake.fill(OLD, [{ direction: 'incoming', text: 'long ago', ago: 100_000 }]);
    await list.refresh();
    expect(list.find(OLD)).toBeUndefined();
    return { fake, app, session: app.session! };
  };

  test('opens when it is asked for', async () => {
    const { session } = await open();
    await session.go(OLD);
    expect(session.selected).toBe(OLD);
  });

  test('does not come after another one that was asked for later', async () => {
    const { session } = await open();
    const old = session.go(OLD);
    await session.go(ANNA);
    await old;
    expect(session.selected).toBe(ANNA);
  });

  test('with a message: what was asked for later is not scrolled to it', async () => {
    const { session } = await open();
    const old = session.showMessage(OLD, 1);
    await session.go(ANNA);
    const jump = vi.spyOn(session.timeline!, 'jumpTo');
    await old;
    expect(jump).not.toHaveBeenCalled();
  });

  test('that is no longer there leaves what is open', async () => {
    const { session } = await open();
    await session.go('nobody@valley.local');
    expect(session.selected).toBe(WANGWEI);
  });

  test('is open again on the way back from another account', async () => {
    const { app, session } = await open();
    await session.go(OLD);
    await app.switchTo('account-2');
    await app.switchTo(ACCOUNT);
    expect(app.session?.selected).toBe(OLD);
  });

  test('U79: opens for the notification that was clicked on the way to its account', async () => {
    const { fake, app } = await open();
    await app.switchTo('account-2');
    fake.push({
      type: 'open-conversation',
      account: ACCOUNT,
      conversation: OLD,
      message: null,
    });
    await vi.waitFor(() => expect(app.session?.account).toBe(ACCOUNT));
    await vi.waitFor(() => expect(app.session?.timeline?.loaded).toBe(true));
    expect(app.session?.selected).toBe(OLD);
  });
});

test('U19: a conversation that was marked as unread is not after it was opened', async () => {
  const { fake, app } = await start(withTeam);
  app.setFocused(true);
  const look = () => {
    const { timeline } = app.session!;
    const id = timeline!.messages.at(-1)!.id;
    timeline!.setView({ atEnd: true, top: timeline!.messages[0]!.id, lowest: id });
  };
  const mark = (conversation: string) =>
    app.session!.list.decide({ action: 'mark-unread', conversation });
  await mark(ANNA);
  expect(app.session!.list.find(ANNA)?.marked_unread).toBe(true);
  await app.session!.go(ANNA);
  look();
  await vi.waitFor(() => expect(app.session!.list.find(ANNA)?.marked_unread).toBe(false));
  // Marked while it is open, it stays so until it is opened again.
  await mark(ANNA);
  look();
  await app.session!.list.refresh();
  expect(app.session!.list.find(ANNA)?.marked_unread).toBe(true);
  await app.session!.go(ANNA);
  await vi.waitFor(() => expect(app.session!.list.find(ANNA)?.marked_unread).toBe(false));
  expect(fake.talks.get(ANNA)!.decided.marked_unread).toBe(false);
});

test('U29: what came while nobody was at the machine is read when somebody is back', async () => {
  const { fake, app } = await start(withTeam);
  app.setFocused(true);
  const { timeline } = app.session!;
  const look = () =>
    timeline!.setView({ atEnd: true, top: null, lowest: timeline!.messages.at(-1)!.id });
  look();
  app.setAway(true);
  const { id } = fake.receive(WANGWEI, '你好');
  await vi.waitFor(() => expect(timeline!.messages.at(-1)?.id).toBe(id));
  look();
  expect(fake.countOf('mark-displayed')).toBe(0);
  app.setAway(false);
  expect(fake.calls.at(-1)).toMatchObject({ type: 'mark-displayed', message: id });
});

test('U29: the shell says whether somebody is there, and is told when somebody is back', async () => {
  const { fake, app } = await start(withTeam);
  const stop = app.heartbeat.start();
  fake.desktop.somebodyIsThere = false;
  app.setFocused(true);
  app.attend();
  await vi.waitFor(() => expect(app.attention.away).toBe(true));
  fake.desktop.somebodyIsThere = true;
  const told = fake.desktop.attentions.length;
  app.touched();
  expect(app.attention.present).toBe(true);
  app.touched();
  expect(fake.desktop.attentions).toHaveLength(told + 1);
  stop();
});

test('U19: what was marked as read is read before the end, and before the lock', async () => {
  for (const end of ['quit', 'lockNow'] as const) {
    const { fake, app } = await start((it) => {
      it.withTeam();
      it.shell.lock = { ...it.shell.lock, ready: true };
      it.receive(ANNA, 'hello');
    });
    app.session!.list.readAll.start(app.session!.list.all);
    expect(fake.countOf('mark-displayed')).toBe(0);
    await app[end]();
    const read = fake.calls.filter(({ type }) => type === 'mark-displayed');
    expect(read, end).toContainEqual(expect.objectContaining({ conversation: ANNA }));
  }
});

test('signing out of the last account leads to the welcome and closes the session', async () => {
  const { fake, app } = await start(withTeam);
  await app.signOut(ACCOUNT, true);
  expect(app.screen).toBe('welcome');
  expect(app.session).toBeNull();
  expect(fake.calls).toContainEqual({ type: 'sign-out', account: ACCOUNT, wipe: true });
});

test('U105: with a wipe nothing of the account is left in the window either', async () => {
  const { app } = await start((fake) => {
    fake.withTeam();
    fake.withAccount({ id: 'account-2' });
  });
  const leave = (account: string) => {
    new Habits(account).chose('an', ANNA);
    new LevelsBefore(account).muted({ ...app.session!.list.find(ANNA)!, notify: 'mentions' });
  };
  localStorage.clear();
  leave('account-2');
  const others = Object.keys(localStorage);
  expect(others).toHaveLength(2);
  leave(ACCOUNT);
  await app.signOut(ACCOUNT, true);
  expect(Object.keys(localStorage).sort()).toEqual(others.sort());
});

test('a second account is reached by switching, with its own session', async () => {
  const { app } = await start((fake) => {
    fake.withTeam();
    fake.withAccount({ id: 'account-2', unlocked: false, server_name: 'Other' });
  });
  const first = app.session;
  await app.switchTo('account-2');
  expect(app.screen).toBe('unlock');
  expect(app.unlock?.account).toBe('account-2');
  await app.switchTo(ACCOUNT);
  expect(app.screen).toBe('main');
  expect(app.session).not.toBe(first);
});

describe('U79: on the way to another account', () => {
  const open = async () => {
    const { app, fake } = await start((it) => {
      it.withTeam();
      it.withAccount({ id: 'account-2' });
    });
    const read = () =>
      fake.calls.flatMap((call) =>
        call.type === 'messages' && call.account === 'account-2' ? [call.conversation] : [],
      );
    return { app, fake, read };
  };

  test('only what a notification is about is opened', async () => {
    const { app, fake, read } = await open();
    const account = 'account-2';
    fake.push({ type: 'open-conversation', account, conversation: ANNA, message: null });
    await vi.waitFor(() => expect(app.session?.timeline?.loaded).toBe(true));
    await vi.waitFor(() => expect(app.session?.selected).toBe(ANNA));
    expect(new Set(read())).toEqual(new Set([ANNA]));
  });

  test('one that is left at once opens, and reads, nothing', async () => {
    const { app, read } = await open();
    const there = app.switchTo('account-2');
    await app.switchTo(ACCOUNT);
    await there;
    expect(app.session?.account).toBe(ACCOUNT);
    expect(read()).toEqual([]);
  });

  test('and back, what was open is open again', async () => {
    const { app, fake } = await open();
    await app.session!.go(ANNA);
    await app.switchTo('account-2');
    expect(app.session?.selected).toBe(WANGWEI);
    await app.switchTo(ACCOUNT);
    expect(app.session?.selected).toBe(ANNA);
    await fake.desktop.lockChoose(null, 'geheim');
    await fake.desktop.lockWindow();
    await fake.desktop.lockOpen('geheim');
    await vi.waitFor(() => expect(app.session?.selected).toBe(ANNA));
  });
});

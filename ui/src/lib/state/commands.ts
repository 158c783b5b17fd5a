import type { Action } from '../keys/shortcuts';
import type { App } from './app.svelte';
import type { Session } from './session.svelte';

/** Does what a shortcut is for; tells whether the focus then belongs where one writes. */
export async function perform(
  action: Action,
  key: string,
  app: App,
  session: Session,
): Promise<boolean> {
  const { navigation, list } = session;
  switch (action) {
    case 'switcher':
      navigation.show('switcher');
      return false;
    case 'previous-conversation':
      await session.move(-1);
      return true;
    case 'next-conversation':
      await session.move(1);
      return true;
    case 'previous-unread':
      await session.moveUnread(-1);
      return true;
    case 'next-unread':
      await session.moveUnread(1);
      return true;
    case 'back':
      await session.travel(-1);
      return navigation.section === 'chats';
    case 'forward':
      await session.travel(1);
      return navigation.section === 'chats';
    case 'cycle':
      await session.cycle(1);
      return true;
    case 'cycle-back':
      await session.cycle(-1);
      return true;
    case 'pinned':
      await session.openPinned(Number(key));
      return true;
    case 'previous-account':
      await app.switchBy(-1);
      return false;
    case 'next-account':
      await app.switchBy(1);
      return false;
    case 'find-here':
      session.findHere();
      return false;
    case 'pick-day':
      session.pickDay();
      return false;
    case 'find-everywhere':
      session.open('search');
      navigation.find();
      return false;
    case 'write':
      if (navigation.section !== 'search') navigation.open('chats');
      return true;
    case 'mark-all-read':
      list.readAll.start(list.all);
      return false;
    case 'mentions':
      navigation.open('chats');
      list.filter = 'mentions';
      return false;
    case 'unread':
      navigation.open('chats');
      list.filter = 'unread';
      return false;
    case 'details':
      navigation.toggleDetails();
      return false;
    case 'new-room':
      navigation.show('new-room');
      return false;
    case 'settings':
      session.open('settings');
      return false;
    case 'shortcuts':
      navigation.show('shortcuts');
      return false;
    case 'lock':
      if (app.lock.ready) {
        await app.lockNow();
      } else {
        session.settings.page = 'lock';
        session.open('settings');
      }
      return false;
    case 'zoom-in':
      app.preferences.zoom(1);
      return false;
    case 'zoom-out':
      app.preferences.zoom(-1);
      return false;
    case 'zoom-reset':
      app.preferences.zoom(0);
      return false;
  }
}

/** Escape goes one level up; tells whether there was one. */
export function goUp(session: Session): boolean {
  const { navigation } = session;
  if (session.find.open) {
    session.find.close();
    return true;
  }
  if (navigation.details !== null) {
    navigation.closeDetails();
    return true;
  }
  if (navigation.section !== 'chats') {
    session.open('chats');
    return true;
  }
  return false;
}

import { expect, test } from 'vitest';
import type { Notice } from '../rpc/generated/Notice';
import type { Overview } from '../rpc/generated/Overview';
import { FakeRuntime } from '../runtime/fake';
import { Rpc } from '../rpc/client';
import { Notices } from './notices.svelte';

const aside: Notice = { type: 'cache-set-aside', account: 'a', path: '/x/cache.db.aside' };
const missing: Notice = { type: 'secret-missing', account: 'a' };

function overview(notices: Notice[], secrets: Overview['secrets'] = 'keyring'): Overview {
  return { accounts: [], secrets, notices };
}

function open() {
  const fake = new FakeRuntime();
  return { fake, notices: new Notices(new Rpc(fake)) };
}

test('are put away one by one; the engine forgets them with the last', () => {
  const { fake, notices } = open();
  notices.update(overview([aside, missing]));
  notices.dismiss(aside);
  expect(notices.bars).toEqual([missing]);
  expect(fake.countOf('dismiss-notices')).toBe(0);
  notices.dismiss(missing);
  expect(notices.bars).toEqual([]);
  expect(fake.countOf('dismiss-notices')).toBe(1);
});

test('that were put away stay away when the overview is read again', () => {
  const { notices } = open();
  notices.update(overview([aside, missing]));
  notices.dismiss(aside);
  notices.update(overview([aside, missing]));
  expect(notices.bars).toEqual([missing]);
});

test('that come again later are news', () => {
  const { notices } = open();
  notices.update(overview([missing]));
  notices.dismiss(missing);
  notices.update(overview([]));
  notices.update(overview([missing]));
  expect(notices.bars).toEqual([missing]);
});

test('say that there is no keyring to who has just joined', () => {
  const { fake, notices } = open();
  notices.update(overview([], 'ask-each-time'));
  expect(notices.bars).toEqual([]);
  notices.joined();
  expect(notices.bars).toEqual([{ type: 'keyring-unavailable' }]);
  notices.dismiss({ type: 'keyring-unavailable' });
  notices.update(overview([], 'ask-each-time'));
  expect(notices.bars).toEqual([]);
  expect(fake.calls).toEqual([]);
});

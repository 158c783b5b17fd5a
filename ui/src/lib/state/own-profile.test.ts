import { expect, test } from 'vitest';
import { Rpc } from '../rpc/client';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { ME } from '../runtime/fixtures';
import { NO_CARD, OwnProfile } from './own-profile.svelte';
import { Pictures } from './pictures.svelte';

test('a number or an address that is there already is saved once', async () => {
  const fake = new FakeRuntime().withTeam();
  const emails = ['lina@valley.example', 'l@valley.example', 'l@valley.example'];
  fake.people.cards.set(ME, { ...NO_CARD, phones: ['a', 'b'], emails });
  const form = new OwnProfile(new Rpc(fake), ACCOUNT, ME, new Pictures(async () => null));
  await form.open();
  form.phone = 'b';
  expect(await form.save()).toBe(true);
  expect(fake.people.cards.get(ME)).toMatchObject({
    phones: ['b'],
    emails: ['lina@valley.example', 'l@valley.example'],
  });
});

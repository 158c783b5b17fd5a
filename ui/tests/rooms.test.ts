import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import type { FakeRoom } from '../src/lib/runtime/fake-rooms';
import { company } from '../src/lib/runtime/fixtures-people';
import { problems } from './accessible';
import { ANNA, openWindow, WANGWEI } from './window';

const ZHANGWEI = 'zhangwei@valley.local';

const openTeam = (prepare: (fake: FakeRuntime) => void = () => undefined) =>
  openWindow((fake) => {
    fake.withTeam();
    company(fake, 0);
    prepare(fake);
  });

const named = (fake: FakeRuntime, name: string) =>
  [...fake.rooms.rooms.values()].find(({ settings }) => settings.name === name) as FakeRoom;

async function openRooms(prepare?: (fake: FakeRuntime) => void) {
  const opened = await openTeam(prepare);
  await opened.user.click(await screen.findByTestId('open-contacts'));
  await opened.user.click(await screen.findByTestId('contacts-rooms'));
  await screen.findAllByTestId('found-room');
  return opened;
}

/** The details of the room that we own. */
async function openDetails(prepare?: (fake: FakeRuntime) => void, name = '官网改版') {
  const opened = await openTeam(prepare);
  await screen.findAllByTestId('conversation-row');
  const room = named(opened.fake, name);
  await opened.app.session!.select(room.address);
  await opened.user.click(await screen.findByTestId('toggle-details'));
  await screen.findAllByTestId('member');
  return { ...opened, room };
}

const member = (address: string) =>
  screen.getAllByTestId('member').find((one) => one.dataset.person === address) as HTMLElement;

describe('a new room', () => {
  test('U98: is made in two steps: people, then a name that is offered', async () => {
    const { user, fake, app } = await openTeam();
    await user.click(await screen.findByTestId('open-contacts'));
    await user.click(screen.getByTestId('contacts-menu'));
    await user.click(screen.getByTestId('menu-new-room'));
    const search = await screen.findByTestId('picker-search');
    expect(search).toHaveFocus();
    await user.keyboard('anna{Enter}');
    expect(screen.getByTestId('picked')).toHaveTextContent('Anna Kowalski');
    await user.keyboard('张伟{Enter}');
    expect(screen.getAllByTestId('picked')).toHaveLength(2);
    await user.keyboard('{Backspace}');
    expect(screen.getAllByTestId('picked')).toHaveLength(1);
    await user.click(screen.getByTestId('new-room-next'));
    expect(screen.getByTestId('new-room-name')).toHaveValue('李娜, Anna Kowalski');
    expect(screen.getByTestId('new-room')).toHaveTextContent('All earlier messages');
    expect(screen.getByTestId('new-room')).not.toHaveTextContent('@');
    await user.click(screen.getByTestId('new-room-create'));
    await waitFor(() => expect(app.session?.navigation.section).toBe('chats'));
    const room = named(fake, '李娜, Anna Kowalski');
    expect(app.session?.selected).toBe(room.address);
    expect(room.affiliations.get(ANNA)).toBe('member');
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveFocus());
  });

  test('U111: is begun with Ctrl+Shift+N, and Esc leads back', async () => {
    const { user, app } = await openTeam();
    await screen.findAllByTestId('conversation-row');
    await user.keyboard('{Control>}{Shift>}n{/Shift}{/Control}');
    expect(await screen.findByTestId('picker-search')).toHaveFocus();
    await user.keyboard('zzz');
    expect(screen.getByText('Nobody is called “zzz”.')).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.getByTestId('picker-search')).toHaveValue('');
    expect(app.session?.navigation.overlay).toBe('new-room');
  });

  test('says why it could not be made, and keeps what was chosen', async () => {
    const { user, fake } = await openTeam();
    await user.click(await screen.findByTestId('open-contacts'));
    await user.click(screen.getByTestId('contacts-menu'));
    await user.click(screen.getByTestId('menu-new-room'));
    await user.click(await screen.findByTestId('new-room-next'));
    await user.clear(screen.getByTestId('new-room-name'));
    await user.type(screen.getByTestId('new-room-name'), 'Launch');
    fake.failNext('rooms', 'rooms-not-offered');
    await user.click(screen.getByTestId('new-room-create'));
    expect(await screen.findByTestId('form-error')).toHaveTextContent('This server has no rooms.');
    expect(screen.getByTestId('new-room-name')).toHaveValue('Launch');
  });
});

describe('rooms to join', () => {
  test('are listed and searched; joining opens the room', async () => {
    const { user, fake, app } = await openRooms();
    const names = () => screen.getAllByTestId('found-room').map((one) => one.textContent);
    expect(names()).toHaveLength(4);
    await user.type(screen.getByTestId('room-search'), 'foot');
    await waitFor(() => expect(names()).toHaveLength(1));
    await user.click(screen.getByTestId('room-join'));
    const room = named(fake, 'Football on Thursday');
    await waitFor(() => expect(app.session?.selected).toBe(room.address));
    expect(room.state).toBe('joined');
  });

  test('are fetched a page at a time', async () => {
    const { user } = await openRooms((fake) => {
      fake.rooms.pageSize = 3;
    });
    expect(screen.getAllByTestId('found-room')).toHaveLength(3);
    await user.click(screen.getByText('Show more rooms'));
    await waitFor(() => expect(screen.getAllByTestId('found-room')).toHaveLength(4));
    expect(screen.queryByText('Show more rooms')).toBeNull();
  });

  test('with a password ask for it, and for the right one', async () => {
    const { user, fake, app } = await openRooms();
    const secret = screen
      .getAllByTestId('found-room')
      .find((one) => one.textContent.includes('管理层')) as HTMLElement;
    await user.click(within(secret).getByTestId('room-join'));
    const field = await screen.findByTestId('room-password');
    expect(screen.queryByTestId('field-error')).toBeNull();
    await user.type(field, 'wrong{Enter}');
    expect(await screen.findByTestId('field-error')).toHaveAttribute('data-code', 'room-password');
    await user.clear(field);
    await user.type(field, 'secret{Enter}');
    await waitFor(() => expect(named(fake, '管理层').state).toBe('joined'));
    await waitFor(() => expect(screen.queryByTestId('room-password')).toBeNull());
    await waitFor(() => expect(app.session?.selected).toBe(named(fake, '管理层').address));
  });

  test('to which one is invited are accepted or declined', async () => {
    const { user, fake, app } = await openRooms();
    const invitation = await screen.findByTestId('room-invitation');
    expect(invitation).toHaveTextContent('欧阳雪 invites you to “offsite”');
    expect(invitation).toHaveTextContent('一起来定团建的地点吧');
    await user.click(within(invitation).getByTestId('invitation-accept'));
    await waitFor(() => expect(named(fake, '团建筹备').state).toBe('joined'));
    await waitFor(() => expect(app.session?.navigation.section).toBe('chats'));
    expect(fake.rooms.invitations).toEqual([]);
  });

  test('an invitation names the room as well as it is known', async () => {
    await openRooms((fake) => {
      const [invitation] = fake.rooms.invitations;
      const { address } = named(fake, 'Football on Thursday');
      const random = 'q3x_w9a1-zk7m2bb0d4e@conference.valley.local';
      fake.rooms.invitations = [address, random].map((room) => ({ ...invitation!, room }));
    });
    const [listed, secret] = await screen.findAllByTestId('room-invitation');
    expect(listed).toHaveTextContent('欧阳雪 invites you to “Football on Thursday”');
    expect(secret).toHaveTextContent('欧阳雪 invites you to a room');
    expect(secret).not.toHaveTextContent('q3x');
  });

  test('an invitation that is declined is gone', async () => {
    const { user, fake } = await openRooms();
    await user.click(await screen.findByTestId('invitation-decline'));
    await waitFor(() => expect(screen.queryByTestId('room-invitation')).toBeNull());
    expect(named(fake, '团建筹备').state).toBe('not-joined');
  });
});

describe('the people of a room', () => {
  test('U102: are sorted by role, which is said in words', async () => {
    await openDetails();
    const roles = screen.getAllByTestId('member').map((one) => one.dataset.affiliation);
    expect(roles).toEqual(['owner', 'admin', 'member', 'member', 'member', 'member']);
    expect(within(member(WANGWEI)).getByTestId('member-open')).toHaveAccessibleName(
      /王伟.*Online.*Admin/s,
    );
  });

  test('U96: namesakes in a room are told apart by department', async () => {
    await openDetails();
    expect(member(ZHANGWEI)).toHaveTextContent('平台组');
    expect(member('zhangwei2@valley.local')).toHaveTextContent('华东');
  });

  test('U102: become admins, and members again', async () => {
    const { user, room } = await openDetails();
    await user.click(within(member(ZHANGWEI)).getByTestId('member-menu'));
    await user.click(screen.getByTestId('menu-make-admin'));
    await waitFor(() => expect(member(ZHANGWEI)).toHaveAttribute('data-affiliation', 'admin'));
    await user.click(within(member(ZHANGWEI)).getByTestId('member-menu'));
    await user.click(screen.getByTestId('menu-make-member'));
    await waitFor(() => expect(room.affiliations.get(ZHANGWEI)).toBe('member'));
  });

  test('are removed and banned only after a question; a ban can be lifted', async () => {
    const { user, room } = await openDetails();
    await user.click(within(member(ZHANGWEI)).getByTestId('member-menu'));
    await user.click(screen.getByTestId('menu-remove'));
    expect(room.affiliations.has(ZHANGWEI)).toBe(true);
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() => expect(room.affiliations.has(ZHANGWEI)).toBe(false));
    await user.click(within(member(ANNA)).getByTestId('member-menu'));
    await user.click(screen.getByTestId('menu-ban'));
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() => expect(room.affiliations.get(ANNA)).toBe('outcast'));
    await user.click(screen.getByTestId('show-banned'));
    await user.click(within(member(ANNA)).getByTestId('member-menu'));
    await user.click(screen.getByTestId('menu-unban'));
    await waitFor(() => expect(room.affiliations.has(ANNA)).toBe(false));
  });

  test('U102: everybody is muted at once, and one may be let write again', async () => {
    const { user, room } = await openDetails();
    await user.click(screen.getByTestId('room-mute-all'));
    await waitFor(() => expect(room.there.get(ZHANGWEI)).toBe('visitor'));
    expect(room.settings.moderated).toBe(true);
    expect(room.there.get(WANGWEI)).toBe('moderator');
    await waitFor(() => expect(member(ZHANGWEI)).toHaveTextContent('May not write'));
    await user.click(within(member(ZHANGWEI)).getByTestId('member-menu'));
    await user.click(screen.getByTestId('menu-give-voice'));
    await waitFor(() => expect(room.there.get(ZHANGWEI)).toBe('participant'));
    await user.click(screen.getByTestId('room-mute-all'));
    await waitFor(() => expect(room.there.get(ANNA)).toBe('participant'));
  });

  test('lead to their card, and Esc back to the room and to the composer', async () => {
    const { user, app } = await openDetails();
    await user.click(within(member(WANGWEI)).getByTestId('member-open'));
    expect(await screen.findByTestId('profile')).toHaveAttribute('data-person', WANGWEI);
    screen.getByTestId('details-back').focus();
    await user.keyboard('{Escape}');
    expect(await screen.findAllByTestId('member')).toHaveLength(6);
    await user.keyboard('{Escape}');
    expect(app.session?.navigation.details).toBeNull();
    expect(screen.getByTestId('composer')).toHaveFocus();
  });

  test('are not shown any more when another conversation is open', async () => {
    const { user, app } = await openDetails();
    await user.click(within(member(WANGWEI)).getByTestId('member-open'));
    expect(await screen.findByTestId('profile')).toHaveAttribute('data-person', WANGWEI);
    await app.session!.select(ANNA);
    await waitFor(() => expect(screen.getByTestId('profile')).toHaveAttribute('data-person', ANNA));
    expect(app.session!.navigation.details).toEqual({ about: 'conversation' });
  });

  test('others are invited; who is there already is not offered', async () => {
    const { user, room } = await openDetails();
    await user.click(screen.getByTestId('room-invite'));
    const offered = (await screen.findAllByTestId('picker-option')).map(
      (one) => one.dataset.person,
    );
    expect(offered).toContain('tomas@valley.local');
    expect(offered).not.toContain(WANGWEI);
    await user.keyboard('tom{Enter}');
    await user.click(screen.getByTestId('invite-submit'));
    await waitFor(() => expect(room.affiliations.get('tomas@valley.local')).toBe('member'));
    expect(screen.queryByTestId('picker-search')).toBeNull();
    expect(screen.getByTestId('room-invite')).toHaveFocus();
  });
});

describe('a room', () => {
  test('has a topic that is changed in place', async () => {
    const { user, room } = await openDetails();
    await user.click(screen.getByTestId('room-subject-edit'));
    const field = screen.getByTestId('room-subject-input');
    await user.clear(field);
    await user.type(field, 'Review moved to four{Enter}');
    await waitFor(() => expect(room.subject).toBe('Review moved to four'));
    expect(await screen.findByTestId('room-subject-edit')).toHaveFocus();
    await user.click(screen.getByTestId('room-subject-edit'));
    await user.type(screen.getByTestId('room-subject-input'), ' x{Escape}');
    expect(room.subject).toBe('Review moved to four');
    expect(screen.getByTestId('details')).toBeVisible();
  });

  test('U102: is configured; only what was changed is sent', async () => {
    const { user, fake, room } = await openDetails();
    await user.click(screen.getByTestId('room-configure'));
    await user.click(await screen.findByTestId('settings-members_invite'));
    // That is told once, beside it: who may write.
    expect(screen.queryByTestId('settings-moderated')).toBeNull();
    await user.type(screen.getByTestId('settings-password'), 'tea');
    await user.click(screen.getByTestId('settings-submit'));
    await waitFor(() =>
      expect(room.settings).toMatchObject({ members_invite: false, password: 'tea' }),
    );
    const sent = fake.calls.findLast(
      (call) => call.type === 'rooms' && call.action === 'configure',
    );
    const settings = { members_invite: false, moderated: null, password: 'tea', name: null };
    expect(sent).toMatchObject({ settings });
  });

  test('is configured and closed by its owners only', async () => {
    await openDetails(undefined, 'Lunch');
    expect(screen.getByText('Open to everybody · newcomers see earlier messages')).toBeVisible();
    expect(screen.queryByTestId('room-configure')).toBeNull();
    expect(screen.queryByTestId('room-destroy')).toBeNull();
    expect(screen.getByTestId('room-leave')).toBeVisible();
  });

  test('U103: that was left keeps its history, says so, and can be joined again', async () => {
    const { user, room } = await openDetails();
    await user.click(screen.getByTestId('room-leave'));
    const dialog = screen.getByRole('dialog', { hidden: true });
    expect(dialog).toHaveTextContent('What was said so far stays on this computer.');
    expect(dialog).toHaveTextContent('You are its only owner.');
    await user.click(screen.getByTestId('confirm-submit'));
    const bar = await screen.findByTestId('left-bar');
    expect(bar).toHaveTextContent(
      /no longer in this room\..*What was said so far stays on this computer\./s,
    );
    expect(screen.queryByTestId('composer')).toBeNull();
    expect(screen.getAllByTestId('message').length).toBeGreaterThan(2);
    await user.click(screen.getByTestId('rejoin'));
    await waitFor(() => expect(room.state).toBe('joined'));
    expect(await screen.findByTestId('composer')).toBeVisible();
  });

  test('that cannot be joined says so in its own place, and in no other', async () => {
    const { user, fake, app } = await openRooms((fake) => {
      fake.rooms.rooms.get(named(fake, 'Lunch').address)!.state = 'not-joined';
    });
    const left = named(fake, 'Lunch').address;
    fake.rooms.rooms.delete(named(fake, 'Football on Thursday').address);
    await user.type(screen.getByTestId('room-search'), 'foot');
    await user.click(await screen.findByTestId('room-join'));
    expect(await screen.findByTestId('form-error')).toHaveAttribute('data-code', 'room-unknown');
    await app.session!.select(left);
    app.session!.open('chats');
    const bar = await screen.findByTestId('left-bar');
    expect(bar.querySelector('.problem')).toBeNull();
    // Its own failure is told there, and not among all rooms.
    fake.failNext('rooms', 'timed-out');
    await user.click(screen.getByTestId('rejoin'));
    await waitFor(() => expect(bar.querySelector('.problem')).toBeVisible());
    await user.click(screen.getByTestId('open-contacts'));
    await screen.findAllByTestId('found-room');
    expect(screen.queryByTestId('form-error')).toBeNull();
  });

  test('is closed for everybody only after its name was typed', async () => {
    const { user, room } = await openDetails();
    // The dots: it asks first.
    expect(screen.getByTestId('room-destroy')).toHaveTextContent('Delete room…');
    await user.click(screen.getByTestId('room-destroy'));
    expect(screen.getByText('Delete “官网改版” for everybody?')).toBeVisible();
    await user.type(screen.getByTestId('destroy-name'), 'x');
    await user.click(screen.getByTestId('confirm-submit'));
    expect(await screen.findByTestId('field-error')).toHaveTextContent('not the name of the room');
    await user.clear(screen.getByTestId('destroy-name'));
    await user.type(screen.getByTestId('destroy-name'), '官网改版');
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() => expect(room.left?.why).toBe('destroyed'));
    expect(await screen.findByTestId('left-bar')).toHaveTextContent('closed for everybody');
    expect(screen.queryByTestId('rejoin')).toBeNull();
  });

  test('its details are beside the conversation only', async () => {
    const { user } = await openDetails();
    await user.click(screen.getByTestId('open-contacts'));
    expect(screen.queryByTestId('details')).toBeNull();
    await user.click(screen.getByTestId('open-chats'));
    expect(screen.getByTestId('details')).toBeVisible();
  });

  test('U111: Esc in a dialog closes the dialog and not the panel behind it', async () => {
    const { user } = await openDetails();
    await user.click(screen.getByTestId('room-configure'));
    (await screen.findByTestId('settings-name')).focus();
    await user.keyboard('{Escape}');
    expect(screen.getByTestId('details')).toBeVisible();
  });

  test('is muted and pinned from its details', async () => {
    const { user, fake, room } = await openDetails();
    await user.click(screen.getByTestId('details-mute'));
    await waitFor(() => expect(fake.talks.get(room.address)?.decided.notify).toBe('none'));
    // As it was before: of all, which is not the usual for a room.
    await user.click(screen.getByTestId('details-mute'));
    await waitFor(() => expect(fake.talks.get(room.address)?.decided.notify).toBe('all'));
    await user.click(screen.getByTestId('details-pin'));
    await waitFor(() => expect(fake.talks.get(room.address)?.decided.pin).toBe(1));
  });

  test('U112: its details have roles and names for those who do not see them', async () => {
    const { container } = await openDetails();
    expect(await problems(container.querySelector('.details') as Element)).toEqual([]);
  });
});

test('the details of a person show their card and the rooms that both are in', async () => {
  const { user, app } = await openTeam();
  await screen.findAllByTestId('conversation-row');
  await app.session!.select(ANNA);
  await user.click(await screen.findByTestId('toggle-details'));
  const panel = screen.getByTestId('details');
  expect(await within(panel).findByText('Legal counsel')).toBeVisible();
  expect(within(panel).queryByTestId('profile-message')).toBeNull();
  await waitFor(() =>
    expect(within(panel).getByTestId('shared-rooms')).toHaveTextContent(/官网改版.*Lunch/s),
  );
});

test('the details of a person stay as they are while others write', async () => {
  const { user, app, fake } = await openTeam();
  await screen.findAllByTestId('conversation-row');
  await app.session!.select(ANNA);
  await user.click(await screen.findByTestId('toggle-details'));
  const panel = screen.getByTestId('details');
  await within(panel).findByText('Legal counsel');
  await within(panel).findByTestId('shared-rooms');
  const card = within(panel).getByTestId('profile');
  const asked = () =>
    fake.calls.filter(
      (call) =>
        (call.type === 'people' && call.action === 'profile') ||
        (call.type === 'rooms' && call.action === 'occupants'),
    ).length;
  const before = asked();
  for (let count = 1; count <= 5; count += 1) {
    fake.receive(WANGWEI, `message ${count}`);
    await waitFor(() => expect(app.session?.list.find(WANGWEI)?.unread).toBe(count));
    // An account that is another object says nothing new of it either.
    fake.emit({ type: 'accounts-changed' });
    fake.emit({ type: 'room-changed', account: fake.account, room: named(fake, 'Lunch').address });
    await app.session!.team.rooms.refresh();
  }
  expect(asked()).toBe(before);
  expect(within(panel).getByTestId('profile')).toBe(card);
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { company } from '../src/lib/runtime/fixtures-people';
import { loadPinyin } from '../src/lib/text/pinyin';
import { problems } from './accessible';
import { ANNA, openWindow, WANGWEI } from './window';

async function openContacts(prepare: (fake: FakeRuntime) => void = () => undefined, more = 6) {
  const opened = await openWindow((fake) => {
    fake.withTeam();
    company(fake, more);
    prepare(fake);
  });
  await opened.user.click(await screen.findByTestId('open-contacts'));
  await screen.findByTestId('contact-tree');
  return opened;
}

const people = () => screen.getAllByTestId('person-row').map((row) => row.dataset.person);
const row = (address: string) =>
  screen
    .getAllByTestId('person-row')
    .find((one) => one.dataset.person === `${address}@valley.local`) as HTMLElement;

describe('the list of contacts', () => {
  test('U95: is a tree of departments that open and close', async () => {
    const { user } = await openContacts(undefined, 0);
    const departments = () =>
      screen.getAllByTestId('department-row').map((one) => one.innerText || one.textContent);
    expect(departments().some((text) => text?.includes('平台组'))).toBe(true);
    const tree = screen.getByTestId('contact-tree');
    expect(tree).toHaveAttribute('role', 'tree');
    const design = screen.getByText('设计部').closest('[role="treeitem"]') as HTMLElement;
    expect(design).toHaveAttribute('aria-expanded', 'true');
    expect(people()).toContain(WANGWEI);
    await user.click(design);
    expect(people()).not.toContain(WANGWEI);
  });

  test('U95: draws only what is in view, however many there are', async () => {
    const { container, app } = await openContacts(undefined, 5_000);
    const { people } = app.session!.team;
    for (const { id } of people.rows) people.setOpen(id, true);
    expect((await screen.findAllByTestId('person-row')).length).toBeGreaterThan(0);
    const drawn = container.querySelectorAll('[role="treeitem"]').length;
    expect(drawn).toBeGreaterThan(10);
    expect(drawn).toBeLessThan(60);
  });

  test('U111: is one tab stop; arrows open, close, move and Enter shows the card', async () => {
    const { user, app } = await openContacts(undefined, 0);
    const tree = screen.getByTestId('contact-tree');
    tree.focus();
    const active = () => document.getElementById(tree.getAttribute('aria-activedescendant') ?? '');
    expect(active()).toHaveAttribute('aria-level', '1');
    await user.keyboard('{ArrowLeft}');
    expect(active()).toHaveAttribute('aria-expanded', 'false');
    await user.keyboard('{ArrowRight}{ArrowRight}');
    expect(active()).toHaveAttribute('aria-level', '2');
    await user.keyboard('{End}');
    const last = active()?.dataset.person;
    expect(last).toBeDefined();
    await user.keyboard('{Enter}');
    expect(await screen.findByTestId('profile')).toHaveAttribute('data-person', last);
    await user.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(app.session?.selected).toBe(last));
    expect(app.session?.navigation.section).toBe('chats');
    await waitFor(() => expect(screen.getByTestId('composer')).toHaveFocus());
  });

  test('U94: finds names by characters, pinyin and initials, and by department', async () => {
    const { user } = await openContacts(undefined, 0);
    await loadPinyin();
    const search = screen.getByTestId('contact-search');
    const namesakes = ['zhangwei2@valley.local', 'zhangwei@valley.local'];
    for (const typed of ['张', 'zhangw', 'zw']) {
      await user.clear(search);
      await user.type(search, typed);
      await waitFor(() => expect(people().slice(0, 2).sort(), typed).toEqual(namesakes));
    }
    await user.clear(search);
    await user.type(search, '界面');
    await waitFor(() => expect(people()).toContain(WANGWEI));
    await user.clear(search);
    await user.type(search, 'nobody');
    expect(await screen.findByText('Nobody is called “nobody”.')).toBeVisible();
    await user.keyboard('{Escape}');
    expect(search).toHaveValue('');
  });

  test('U96: namesakes are told apart by their department', async () => {
    const { user } = await openContacts(undefined, 0);
    await user.type(screen.getByTestId('contact-search'), '张伟');
    await waitFor(() => expect(people()).toHaveLength(2));
    expect(row('zhangwei')).toHaveTextContent('平台组');
    expect(row('zhangwei2')).toHaveTextContent('华东');
  });

  test('U42: the Enter that ends a composition opens nobody', async () => {
    const { user, app } = await openContacts(undefined, 0);
    const search = screen.getByTestId('contact-search');
    await user.type(search, '张伟');
    const { fireEvent } = await import('@testing-library/svelte');
    await fireEvent.compositionStart(search);
    await fireEvent.compositionEnd(search);
    await fireEvent.keyDown(search, { key: 'Enter' });
    expect(app.session?.team.people.page).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 0));
    await fireEvent.keyDown(search, { key: 'Enter' });
    expect(app.session?.team.people.page?.page).toBe('person');
  });
});

describe('the card of a person', () => {
  async function openCard(prepare?: (fake: FakeRuntime) => void) {
    const opened = await openContacts(prepare, 0);
    await opened.user.click(row('wangwei'));
    const card = await screen.findByTestId('profile');
    return { ...opened, card };
  }

  test('U95: shows position, department, phone and mail as links', async () => {
    const { card, user, fake } = await openCard();
    expect(await within(card).findByText('高级界面设计师')).toBeVisible();
    expect(card).toHaveTextContent('设计部 / 界面组');
    expect(within(card).getByText('+86 21 5555 0134')).toHaveAttribute('href', 'tel:+862155550134');
    expect(within(card).getByText('wang.wei@valley.example')).toHaveAttribute(
      'href',
      'mailto:wang.wei@valley.example',
    );
    await user.click(within(card).getByText('139 0000 1234'));
    await user.click(within(card).getByText('wang.wei@valley.example'));
    expect(fake.opened).toEqual(['tel:13900001234', 'mailto:wang.wei@valley.example']);
  });

  test('U95: leads to the card of whoever leads them', async () => {
    const { card, user } = await openCard();
    const manager = await within(card).findByTestId('profile-manager');
    expect(manager).toHaveTextContent('张伟');
    await user.click(manager);
    await waitFor(() =>
      expect(screen.getByTestId('profile')).toHaveAttribute('data-person', 'zhangwei@valley.local'),
    );
    expect(screen.queryByTestId('profile-manager')).toBeNull();
  });

  test('U95: shows all that is said of somebody, also what is said twice', async () => {
    const { card } = await openCard((fake) => {
      Object.assign(fake.people.cards.get(WANGWEI)!, {
        phones: ['139 0000 1234', '139 0000 1234'],
        emails: ['w@valley.example', 'w@valley.example'],
      });
      // Two groups that read the same.
      fake.contacts.find(({ address }) => address === WANGWEI)!.departments = [
        ['R', 'D'],
        ['R / D'],
      ];
    });
    expect(await within(card).findAllByText('139 0000 1234')).toHaveLength(2);
    expect(within(card).getAllByText('w@valley.example')).toHaveLength(2);
    expect(within(card).getAllByText('R / D')).toHaveLength(2);
  });

  test('leads nowhere but to mail, telephone and the web', async () => {
    const { card } = await openCard((fake) => {
      const known = fake.people.cards.get(WANGWEI);
      if (known) known.url = 'javascript:alert(1)';
    });
    const text = await within(card).findByText('javascript:alert(1)');
    expect(text.closest('a')).toBeNull();
  });

  test('blocks after a question, and unblocks', async () => {
    const { card, user, fake } = await openCard();
    await user.click(within(card).getByTestId('profile-menu'));
    await user.click(screen.getByTestId('menu-block'));
    expect(fake.people.blocked.size).toBe(0);
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() =>
      expect(within(card).getByTestId('profile-presence')).toHaveTextContent('Blocked'),
    );
    expect([...fake.people.blocked]).toEqual([WANGWEI]);
    expect(row('wangwei')).toHaveTextContent('Blocked');
    await user.click(screen.getByTestId('contacts-menu'));
    await user.click(screen.getByTestId('menu-blocked'));
    await user.click(await screen.findByTestId('unblock'));
    expect(await screen.findByText('You have blocked nobody.')).toBeVisible();
  });

  test('says why something was not done, and the question stays', async () => {
    const { card, user, fake } = await openCard();
    await user.click(within(card).getByTestId('profile-menu'));
    await user.click(screen.getByTestId('menu-block'));
    fake.failNext('people', 'not-connected');
    await user.click(screen.getByTestId('confirm-submit'));
    const dialog = screen.getByRole('dialog', { hidden: true });
    expect(await within(dialog).findByTestId('form-error')).toHaveAttribute(
      'data-code',
      'not-connected',
    );
  });

  test('changes the group in which a contact is kept', async () => {
    const { card, user, fake } = await openCard();
    await user.click(within(card).getByTestId('profile-menu'));
    await user.click(screen.getByTestId('menu-edit'));
    const group = screen.getByTestId('contact-group');
    expect(group).toHaveValue('设计部 / 界面组');
    await user.clear(group);
    await user.type(group, 'Customers / North');
    await user.click(screen.getByTestId('contact-submit'));
    await waitFor(() =>
      expect(fake.contacts.find(({ address }) => address === WANGWEI)?.groups).toEqual([
        'Customers::North',
      ]),
    );
  });

  const keptIn = (group: string) => (fake: FakeRuntime) => {
    Object.assign(
      fake.contacts.find(({ address }) => address === WANGWEI)!,
      {
        groups: [group, 'Friends'],
        departments: [group.split('::'), ['Friends']],
      },
    );
  };

  test('keeps the groups of a contact who only gets another name', async () => {
    const { card, user, fake } = await openCard(keptIn('R/D'));
    await user.click(within(card).getByTestId('profile-menu'));
    await user.click(screen.getByTestId('menu-edit'));
    expect(screen.getByTestId('contact-group')).toHaveValue('R/D');
    await user.type(screen.getByTestId('contact-name'), ' (design)');
    await user.click(screen.getByTestId('contact-submit'));
    await waitFor(() =>
      expect(fake.contacts.find(({ address }) => address === WANGWEI)).toMatchObject({
        name: '王伟 (design)',
        groups: ['R/D', 'Friends'],
      }),
    );
  });

  test('a failure is told at whom it happened to, and at nobody else', async () => {
    const { card, user, fake, app } = await openCard();
    await user.click(within(card).getByTestId('profile-menu'));
    await user.click(screen.getByTestId('menu-block'));
    fake.failNext('people', 'not-connected');
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() => expect(app.session!.team.people.attempt.problem).not.toBeNull());
    await user.click(screen.getByText('Cancel'));
    expect(within(card).getByTestId('form-error')).toBeVisible();
    await app.session!.select(ANNA);
    app.session!.open('chats');
    await user.click(await screen.findByTestId('toggle-details'));
    const other = await screen.findByTestId('profile');
    expect(other).toHaveAttribute('data-person', ANNA);
    expect(within(other).queryByTestId('form-error')).toBeNull();
    // Nor in a question about her.
    await user.click(within(other).getByTestId('profile-menu'));
    await user.click(screen.getByTestId('menu-block'));
    expect(screen.queryByTestId('form-error')).toBeNull();
  });

  test('removes a contact; the menu gives the focus back', async () => {
    const { card, user, fake } = await openCard();
    const opener = within(card).getByTestId('profile-menu');
    await user.click(opener);
    await user.keyboard('{Escape}');
    expect(opener).toHaveFocus();
    await user.click(opener);
    await user.click(screen.getByTestId('menu-remove'));
    await user.click(screen.getByTestId('confirm-submit'));
    await waitFor(() =>
      expect(fake.contacts.some(({ address }) => address === WANGWEI)).toBe(false),
    );
    expect(await within(card).findByTestId('profile-add')).toBeVisible();
  });
});

describe('new contacts', () => {
  test('are asked for by address, and wait for the answer', async () => {
    const { user, fake } = await openContacts(undefined, 0);
    await user.click(screen.getByTestId('contacts-menu'));
    await user.click(screen.getByTestId('menu-add-contact'));
    await user.click(screen.getByTestId('contact-submit'));
    expect(screen.getByTestId('field-error')).toHaveTextContent('Type the address of the person.');
    await user.type(screen.getByTestId('contact-address'), 'ada@partner.example');
    await user.click(screen.getByTestId('contact-submit'));
    expect(await screen.findByTestId('profile')).toHaveAttribute(
      'data-person',
      'ada@partner.example',
    );
    expect(fake.contacts.at(-1)).toMatchObject({ address: 'ada@partner.example', asked: true });
    expect(screen.getByTestId('profile')).toHaveTextContent('as soon as they have accepted');
  });

  test('are shown under the form in which addresses are kept', async () => {
    const { user, fake } = await openContacts(undefined, 0);
    await user.click(screen.getByTestId('contacts-menu'));
    await user.click(screen.getByTestId('menu-add-contact'));
    await user.type(screen.getByTestId('contact-address'), ' Ada@Partner.Example');
    await user.click(screen.getByTestId('contact-submit'));
    const card = await screen.findByTestId('profile');
    expect(card).toHaveAttribute('data-person', 'ada@partner.example');
    expect(fake.contacts.at(-1)?.address).toBe('ada@partner.example');
    await waitFor(() => expect(card).toHaveTextContent('as soon as they have accepted'));
  });

  test('may be put into a group that is there, whatever its name', async () => {
    const { user, fake } = await openContacts((fake) => {
      fake.contacts[0]!.groups = ['R/D'];
    }, 0);
    await user.click(screen.getByTestId('contacts-menu'));
    await user.click(screen.getByTestId('menu-add-contact'));
    await user.type(screen.getByTestId('contact-address'), 'ada@partner.example');
    await user.type(screen.getByTestId('contact-group'), 'R/D');
    await user.click(screen.getByTestId('contact-submit'));
    await waitFor(() => expect(fake.contacts.at(-1)?.groups).toEqual(['R/D']));
  });

  test('that ask are counted, accepted and declined', async () => {
    const { user, fake } = await openContacts((fake) => {
      fake.people.requests.push({ address: 'spam@x.example', name: 'x', text: '', time_ms: 0 });
    }, 0);
    const shelf = await screen.findByTestId('contacts-requests');
    await waitFor(() => expect(shelf).toHaveAccessibleName(/New contacts.*2 wait for you/s));
    await user.click(shelf);
    const [first, second] = screen.getAllByTestId('contact-request');
    expect(first).toHaveTextContent('负责印刷');
    await user.click(within(second!).getByTestId('request-decline'));
    await waitFor(() => expect(screen.getAllByTestId('contact-request')).toHaveLength(1));
    await user.click(screen.getByTestId('request-accept'));
    expect(await screen.findByText('Nobody is waiting for an answer.')).toBeVisible();
    expect(fake.contacts.at(-1)).toMatchObject({ name: '林晓', subscription: 'both' });
  });

  test('are found in the directory of the server and added', async () => {
    const { user, fake } = await openContacts(undefined, 0);
    await user.click(screen.getByTestId('contacts-directory'));
    await user.type(await screen.findByTestId('directory-fn'), '张{Enter}');
    const [found] = await screen.findAllByTestId('directory-entry');
    expect(found).toHaveTextContent('法务部');
    await user.click(within(found!).getByTestId('directory-add'));
    await waitFor(() => expect(within(found!).queryByTestId('directory-add')).toBeNull());
    expect(fake.contacts.at(-1)?.address).toBe('zhangwei3@valley.local');
  });

  test('a server without a directory says so in place', async () => {
    const { user } = await openContacts((fake) => {
      fake.people.directory = null;
    }, 0);
    await user.click(screen.getByTestId('contacts-directory'));
    expect(await screen.findByTestId('form-error')).toHaveAttribute('data-code', 'not-supported');
  });
});

test.each(['requests', 'rooms', 'directory', 'person'] as const)(
  'U112: %s has roles and names for those who do not see it',
  async (page) => {
    const { user, container } = await openContacts(undefined, 0);
    if (page === 'person') await user.click(row('wangwei'));
    else await user.click(screen.getByTestId(`contacts-${page}`));
    await waitFor(() => expect(screen.queryByText('Loading…')).toBeNull());
    expect(await problems(container)).toEqual([]);
  },
);

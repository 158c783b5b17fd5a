import { screen, waitFor } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { problems } from './accessible';
import { openWindow, WANGWEI } from './window';

/** The present of these tests, in Shanghai. */
const NOW = new Date(2024, 4, 20, 15).getTime();

const open = async (prepare: (fake: FakeRuntime) => void = () => undefined) => {
  vi.useFakeTimers({ now: NOW, shouldAdvanceTime: true });
  const stage = await openWindow((fake) => {
    fake.now = () => NOW;
    fake.withTeam();
    for (const [text, days] of [
      ['in March', 60],
      ['in April', 25],
      ['and later that day', 25],
    ] as const) {
      fake.fill(WANGWEI, [{ direction: 'incoming', text, ago: days * 1_440 }]);
    }
    // In their order in time.
    const talk = fake.talks.get(WANGWEI)!;
    talk.messages.sort((a, b) => a.time_ms - b.time_ms);
    talk.messages.forEach((message, index) => (message.position = index));
    talk.readUpTo = Math.max(...talk.messages.map(({ id }) => id));
    prepare(fake);
  });
  await screen.findAllByTestId('message');
  return stage;
};
const day = (month: number, date: number) =>
  document.querySelector<HTMLElement>(`[data-day="${new Date(2024, month - 1, date).getTime()}"]`)!;
const has = (element: Element) => element.classList.contains('has');

test('U37: the calendar opens with a key, is gone through with keys, and shows the day', async () => {
  const { user, fake, app } = await open();
  await user.keyboard('{Control>}{Shift>}d{/Shift}{/Control}');
  expect(await screen.findByRole('dialog', { name: 'Go to a date' })).toBeVisible();
  await waitFor(() => expect(day(5, 20)).toHaveFocus());
  expect(screen.getByRole('heading', { name: 'May 2024' })).toBeVisible();
  await waitFor(() => expect(has(day(5, 20))).toBe(true));
  expect(has(day(5, 10))).toBe(false);
  // What is to come cannot be chosen.
  expect(day(5, 21)).toBeDisabled();
  await user.keyboard('{ArrowRight}');
  expect(day(5, 20)).toHaveFocus();
  await user.keyboard('{PageUp}');
  await waitFor(() => expect(day(4, 20)).toHaveFocus());
  expect(screen.getByRole('heading', { name: 'April 2024' })).toBeVisible();
  await waitFor(() => expect(has(day(4, 25))).toBe(true));
  expect(day(4, 25)).toHaveAccessibleName('Thursday, April 25, 2024, has messages');
  await user.keyboard('{ArrowDown}{ArrowLeft}{ArrowLeft}');
  await waitFor(() => expect(day(4, 25)).toHaveFocus());
  await user.keyboard('{Enter}');
  expect(screen.queryByTestId('calendar')).toBeNull();
  const wanted = fake.talks.get(WANGWEI)!.messages.find(({ text }) => text === 'in April');
  await waitFor(() => expect(document.querySelector('.flash')).not.toBeNull());
  expect(document.querySelector('.flash')).toHaveAttribute('data-id', String(wanted?.id));
  expect(app.session?.timeline?.problem).toBeNull();
});

test('U37: a day without messages leads to the next one that has some', async () => {
  const { user } = await open();
  await user.click(screen.getByTestId('calendar-open'));
  await user.click(screen.getByTestId('calendar-previous'));
  await user.click(day(4, 10));
  await waitFor(() => expect(document.querySelector('.flash')).toHaveTextContent('in April'));
});

test('U37 U111: Escape closes it and gives the focus back; weeks begin as the system says', async () => {
  const { user } = await open((fake) => {
    fake.shell.system_locale = 'en-US';
  });
  const button = screen.getByTestId('calendar-open');
  await user.click(button);
  await waitFor(() => expect(day(5, 20)).toHaveFocus());
  // Sunday, 28 April.
  expect(document.querySelector('[data-day]')).toBe(day(4, 28));
  expect(await problems(screen.getByTestId('calendar'))).toEqual([]);
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('calendar')).toBeNull();
  expect(button).toHaveFocus();
});

test('U37: a day that cannot be told about can still be chosen', async () => {
  const { user, fake } = await open();
  fake.failNext('search', 'cache-failed');
  await user.click(screen.getByTestId('calendar-open'));
  await user.click(day(5, 1));
  await waitFor(() => expect(document.querySelector('.flash')).not.toBeNull());
});

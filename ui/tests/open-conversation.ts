import { fireEvent, screen, within } from '@testing-library/svelte';
import type { FakeRuntime } from '../src/lib/runtime/fake';
import { openWindow, WANGWEI } from './window';

/** The window with a conversation in it, and what the tests of it reach for. */
export const open = async (prepare: (fake: FakeRuntime) => void = () => undefined) => {
  const stage = await openWindow((fake) => {
    fake.withTeam().withFiles();
    prepare(fake);
  });
  const field = await screen.findByTestId<HTMLTextAreaElement>('composer');
  await screen.findAllByTestId('message');
  return { ...stage, field };
};
export const messages = () => screen.getAllByTestId('message');
export const last = () => messages().at(-1) as HTMLElement;
export const sent = (fake: FakeRuntime) => fake.talks.get(WANGWEI)!.messages.at(-1)!;
/** The tools of a message, as the pointer brings them. */
export const tools = async (message: HTMLElement) => {
  await fireEvent.pointerOver(message);
  return within(message);
};
export const menu = async (message: HTMLElement, action: string) => {
  await fireEvent.contextMenu(message, { clientX: 10, clientY: 10 });
  await fireEvent.click(screen.getByTestId(`menu-${action}`));
};

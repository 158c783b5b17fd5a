import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { submits } from './submits';

function group(html: string) {
  document.body.innerHTML = `<div>${html}</div>`;
  const element = document.body.firstElementChild as HTMLElement;
  const run = vi.fn();
  const gone = submits(run)(element);
  const at = <T extends HTMLElement>(selector: string) => element.querySelector<T>(selector) as T;
  return { run, gone, at };
}

it('is run by its submit button, and by what is in it', async () => {
  const { run, at } = group('<button type="submit"><b>Save</b></button>');
  await userEvent.click(at('b'));
  expect(run).toHaveBeenCalledTimes(1);
  at('button').focus();
  await userEvent.keyboard('{Enter}');
  expect(run).toHaveBeenCalledTimes(2);
});

it('is run by Enter in a field, once', async () => {
  const { run, at } = group('<input><input type="radio"><button type="submit">Save</button>');
  await userEvent.type(at('input'), 'a name{Enter}');
  expect(run).toHaveBeenCalledTimes(1);
  at('[type=radio]').focus();
  await userEvent.keyboard('{Enter}');
  expect(run).toHaveBeenCalledTimes(2);
  // Held down.
  const held = new KeyboardEvent('keypress', { key: 'Enter', repeat: true, bubbles: true });
  at('input').dispatchEvent(held);
  expect(run).toHaveBeenCalledTimes(2);
});

it('is not run by other buttons, by texts of many lines, and by a disabled button', async () => {
  const { run, at } = group(
    `<textarea></textarea><button type="button">Cancel</button><input>
     <button type="submit" disabled>Save</button>`,
  );
  await userEvent.type(at('textarea'), 'one{Enter}two');
  await userEvent.click(at('[type=button]'));
  await userEvent.type(at('input'), 'x{Enter}');
  await userEvent.click(at('[type=submit]'));
  expect(run).not.toHaveBeenCalled();
});

it('leaves alone an Enter that was for something else', async () => {
  const { run, at } = group('<input><button type="submit">Save</button>');
  at('input').addEventListener('keydown', (event) => event.preventDefault());
  await userEvent.type(at('input'), '{Enter}');
  expect(run).not.toHaveBeenCalled();
});

it('is no form any more once it is gone', async () => {
  const { run, gone, at } = group('<input><button type="submit">Save</button>');
  gone?.();
  await userEvent.click(at('button'));
  await userEvent.type(at('input'), '{Enter}');
  expect(run).not.toHaveBeenCalled();
});

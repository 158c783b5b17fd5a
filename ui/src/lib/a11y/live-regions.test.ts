import { afterEach, expect, test, vi } from 'vitest';
import { watchLiveRegions } from './live-regions';

const say = vi.fn<(text: string) => void>();
let end = (): void => undefined;
const page = (html: string) => {
  document.body.innerHTML = html;
  end = watchLiveRegions(document.body, say);
};
const said = () => say.mock.calls.map(([text]) => text);
/** Observers are told at the end of the task. */
const told = () => new Promise((done) => setTimeout(done));

afterEach(() => {
  end();
  say.mockClear();
});

test('U112: what changes in a live region is said, as one sentence', async () => {
  page('<p>Not this</p><div aria-live="polite"></div>');
  document.querySelector('p')!.textContent = 'Nor this';
  document.querySelector('div')!.innerHTML = '<b>Wang Fang:</b>\n  <span>Lunch?</span>';
  await told();
  expect(said()).toEqual(['Wang Fang: Lunch?']);
});

test('U112: the same words are said again when they come again', async () => {
  page('<div role="status"></div>');
  const region = document.querySelector('div')!;
  for (const text of ['Hi', 'Hi\u00a0', 'Hi']) {
    region.textContent = text;
    await told();
  }
  expect(said()).toEqual(['Hi', 'Hi', 'Hi']);
});

test('U112: a region that comes with its words is said, one that goes or is empty is not', async () => {
  page('<main></main>');
  const main = document.querySelector('main')!;
  main.innerHTML =
    '<section><span role="alert">No connection</span><p role="status"></p></section>';
  await told();
  main.innerHTML = '';
  await told();
  expect(said()).toEqual(['No connection']);
});

test('U112: nothing is said twice for one change, and nothing after the end', async () => {
  page('<div aria-live="assertive"><i>a</i><i>b</i></div>');
  const [first, second] = document.querySelectorAll('i');
  first!.textContent = 'c';
  second!.textContent = 'd';
  await told();
  end();
  second!.textContent = 'e';
  await told();
  expect(said()).toEqual(['cd']);
});

import axe from 'axe-core';
import { expect, test, vi } from 'vitest';
import { frames, openWindow, rows, viewport } from './stage';

const open = () => openWindow((fake) => fake.withTeam().withFiles());
const at = (testid: string) => document.querySelector<HTMLElement>(`[data-testid="${testid}"]`);
const click = async (testid: string) => {
  await vi.waitFor(() => expect(at(testid)).not.toBeNull(), { timeout: 10_000 });
  at(testid)!.click();
  await frames();
};
const press = (key: string) =>
  document.activeElement!.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
  );
const player = () => document.querySelector('audio')!;

/** Until the microphone has heard something for a second. */
async function heard() {
  await vi.waitFor(
    () => {
      const bars = [...document.querySelectorAll<HTMLElement>('[data-testid="voice-level"] i')];
      expect(bars.length).toBeGreaterThan(12);
      // The microphone beeps.
      expect(Math.max(...bars.map(({ offsetHeight }) => offsetHeight))).toBeGreaterThan(5);
    },
    { timeout: 20_000 },
  );
}

test('U56 U76: a voice is recorded, heard, sent, and plays on in another conversation', async () => {
  const { fake, app } = await open();
  const conversation = app.session!.selected!;
  await click('voice-record');
  await heard();
  expect(document.activeElement).toBe(at('voice-stop'));
  expect(document.querySelector('.form .hint')).toHaveTextContent(/^Enter stops/);
  await click('voice-stop');
  await vi.waitFor(() => expect(document.activeElement).toBe(at('voice-send')));
  expect(document.querySelector('.form .hint')).toHaveTextContent(/^Enter sends, Esc/);
  const faults = await axe.run(at('voice-bar')!, { rules: { region: { enabled: false } } });
  expect(faults.violations).toEqual([]);
  // Nothing was sent yet: it can be listened to.
  const count = fake.talks.get(conversation)!.messages.length;
  await click('sound-toggle');
  await vi.waitFor(() => expect(player().currentTime).toBeGreaterThan(0.1));
  await click('voice-send');
  await vi.waitFor(() => expect(fake.talks.get(conversation)!.messages).toHaveLength(count + 1));
  const sent = fake.talks.get(conversation)!.messages.at(-1)!;
  expect(sent.attachments[0]!.media_type).toMatch(/^audio\//);
  expect(sent.attachments[0]!.size_bytes).toBeGreaterThan(500);
  await vi.waitFor(() =>
    expect(rows().at(-1)!.querySelector('[data-testid="sound-toggle"]')).not.toBeNull(),
  );
  expect(document.activeElement).toBe(at('composer'));

  const { playback } = app.session!;
  rows().at(-1)!.querySelector<HTMLElement>('[data-testid="sound-toggle"]')!.click();
  await vi.waitFor(() => expect(playback.position).toBeGreaterThan(0.1), { timeout: 10_000 });
  expect(playback.duration).toBeGreaterThan(0.8);
  await app.session!.move(1);
  await vi.waitFor(() => expect(at('now-playing')).not.toBeNull());
  const position = playback.position;
  await vi.waitFor(() => expect(playback.position).toBeGreaterThan(position));
  for (const speed of [1.5, 2, 1]) {
    await click('sound-speed');
    expect(player().playbackRate).toBe(speed);
  }
  await click('now-playing-close');
  expect(document.querySelector('audio')).toBeNull();
});

test('U56: what is being said is kept when another conversation is looked at', async () => {
  const { app } = await open();
  await click('voice-record');
  await heard();
  await app.session!.move(1);
  await frames();
  expect(at('voice-bar')).toBeNull();
  await app.session!.move(-1);
  await vi.waitFor(() => expect(at('voice-send')).not.toBeNull());
  press('Escape');
  await frames();
  expect(at('voice-bar')).toBeNull();
  expect(document.activeElement).toBe(at('composer'));
});

test('U56: the messages keep their end while the field takes its place again', async () => {
  await open();
  await click('voice-record');
  await heard();
  const height = viewport().clientHeight;
  // For a moment neither is there, and whatever asks for a size then makes the page scroll.
  at('voice-bar')!.style.display = 'none';
  expect(viewport().clientHeight).toBe(height);
  at('voice-bar')!.style.display = '';
  await click('voice-stop');
  await click('voice-send');
  await vi.waitFor(() =>
    expect(rows().at(-1)!.querySelector('[data-testid="sound-toggle"]')).not.toBeNull(),
  );
  await frames();
  const { scrollHeight, scrollTop, clientHeight } = viewport();
  expect(scrollHeight - scrollTop - clientHeight).toBeLessThan(1);
});

test('U56: it is recorded as long as the button is held', async () => {
  await open();
  const button = at('voice-record')!;
  button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
  await heard();
  window.dispatchEvent(new PointerEvent('pointerup', { bubbles: true, clientY: innerHeight - 10 }));
  await vi.waitFor(() => expect(at('voice-send')).not.toBeNull());
  press('Escape');
});

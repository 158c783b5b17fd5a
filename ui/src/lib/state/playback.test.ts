import { describe, expect, test } from 'vitest';
import { Playback } from './playback.svelte';

const track = { conversation: 'anna@a', message: 7, index: 0, name: 'Anna' };
const other = { ...track, message: 8 };

describe('U76: the one player', () => {
  test('plays, stops, goes on, and changes to another sound', async () => {
    const playback = new Playback();
    await playback.toggle(track, async () => 'blob:7');
    expect([playback.isAt(track), playback.paused]).toEqual([true, false]);
    playback.position = 3;
    await playback.toggle(track, async () => 'never asked for');
    expect([playback.paused, playback.position]).toEqual([true, 3]);
    await playback.toggle(other, async () => 'blob:8');
    expect([playback.isAt(track), playback.isAt(other)]).toEqual([false, true]);
    expect([playback.paused, playback.position]).toEqual([false, 0]);
    playback.ended();
    expect([playback.paused, playback.isAt(other)]).toEqual([true, true]);
  });

  test('goes from 1 to 1.5 to 2 and back, and keeps it for the next sound', async () => {
    const playback = new Playback();
    const speeds = [playback.speed];
    for (let time = 0; time < 3; time += 1) {
      playback.nextSpeed();
      speeds.push(playback.speed);
    }
    expect(speeds).toEqual([1, 1.5, 2, 1]);
    playback.nextSpeed();
    await playback.toggle(track, async () => 'blob:7');
    expect(playback.speed).toBe(1.5);
  });

  test('what was chosen last is played, however long the one before takes', async () => {
    const playback = new Playback();
    let give: ((address: string) => void) | undefined;
    const first = playback.toggle(track, () => new Promise((resolve) => (give = resolve)));
    expect(playback.isLoading(track)).toBe(true);
    await playback.toggle(other, async () => 'blob:8');
    give?.('blob:7');
    await first;
    expect(playback.isAt(other)).toBe(true);
  });

  test('says which sound could not be fetched or played', async () => {
    const playback = new Playback();
    await playback.toggle(track, () => Promise.reject(new Error('offline')));
    expect([playback.hasFailed(track), playback.track]).toEqual([true, null]);
    await playback.toggle(other, async () => 'blob:8');
    playback.failed();
    expect([playback.hasFailed(other), playback.track]).toEqual([true, null]);
  });
});

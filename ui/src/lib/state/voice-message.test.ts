import { beforeEach, describe, expect, test, vi } from 'vitest';
import { apiError } from '../errors/api-failure';
import { loudness, type Sound } from '../sound/microphone';
import { LEVEL_MS, MAX_SECONDS, VoiceMessage } from './voice-message.svelte';

const sound: Sound = { bytes: new Blob(['la'], { type: 'audio/ogg' }), end: 'ogg' };

function studio() {
  const recording = { level: () => 0.5, stop: vi.fn(async () => sound), cancel: vi.fn() };
  const microphone = { start: vi.fn(async () => recording) };
  const send = vi.fn(async () => undefined);
  const voice = new VoiceMessage({ microphone, send });
  return { recording, microphone, send, voice };
}

beforeEach(() => {
  vi.useFakeTimers();
});

describe('U56: a voice message', () => {
  test('shows its level while it is recorded, is there to be heard, and goes out', async () => {
    const { voice, send } = studio();
    await voice.start();
    expect(voice.phase).toBe('recording');
    await vi.advanceTimersByTimeAsync(LEVEL_MS * 40);
    expect(voice.levels).toHaveLength(40);
    expect(voice.levels[0]).toBe(0.5);
    expect(voice.seconds).toBeCloseTo(3.2, 1);
    await voice.finish();
    expect(voice.phase).toBe('ready');
    expect(voice.sound).toBe(sound);
    expect(send).not.toHaveBeenCalled();
    await voice.send();
    expect(send).toHaveBeenCalledExactlyOnceWith(sound);
    expect(voice.active).toBe(false);
  });

  test('is not longer than five minutes, and what was said until then is kept', async () => {
    const { voice, recording } = studio();
    await voice.start();
    await vi.advanceTimersByTimeAsync((MAX_SECONDS + 5) * 1_000);
    expect(recording.stop).toHaveBeenCalledOnce();
    expect(voice.phase).toBe('ready');
    expect(voice.seconds).toBe(MAX_SECONDS);
  });

  test('that is a slip of the finger is thrown away', async () => {
    const { voice, recording } = studio();
    await voice.start();
    await vi.advanceTimersByTimeAsync(300);
    await voice.finish();
    expect(voice.active).toBe(false);
    expect(recording.cancel).toHaveBeenCalledOnce();
  });

  test('can be cancelled at any time, also before the microphone is given', async () => {
    const { voice, recording, microphone } = studio();
    let give: (() => void) | undefined;
    microphone.start.mockImplementationOnce(
      () => new Promise((resolve) => (give = () => resolve(recording))),
    );
    const started = voice.start();
    expect(voice.phase).toBe('asking');
    voice.cancel();
    give?.();
    await started;
    expect(voice.active).toBe(false);
    expect(recording.cancel).toHaveBeenCalledOnce();
    await voice.start();
    await vi.advanceTimersByTimeAsync(2_000);
    voice.cancel();
    expect(recording.cancel).toHaveBeenCalledTimes(2);
    expect(voice.sound).toBeNull();
  });

  test('says that the microphone was refused', async () => {
    const { voice, microphone } = studio();
    microphone.start.mockRejectedValueOnce(new DOMException('no', 'NotAllowedError'));
    await voice.start();
    expect([voice.active, voice.refused]).toEqual([false, true]);
    voice.dismiss();
    expect(voice.refused).toBe(false);
  });

  test('stays when it could not be handed over', async () => {
    const { voice, send } = studio();
    send.mockRejectedValueOnce(apiError('disk-full'));
    await voice.start();
    await vi.advanceTimersByTimeAsync(2_000);
    await voice.finish();
    await voice.send();
    expect([voice.phase, voice.problem?.code]).toEqual(['ready', 'disk-full']);
    await voice.send();
    expect(voice.active).toBe(false);
  });

  test('is not offered where the web view cannot record', () => {
    expect(new VoiceMessage({ microphone: null, send: async () => undefined }).offered).toBe(false);
  });
});

test('U56: loudness goes from silence to full', () => {
  const tone = (size: number) => new Float32Array(256).map((_, index) => size * (-1) ** index);
  expect(loudness(tone(0))).toBe(0);
  expect(loudness(tone(1))).toBe(1);
  const [quiet, loud] = [loudness(tone(0.01)), loudness(tone(0.3))];
  expect(quiet).toBeGreaterThan(0.2);
  expect(loud).toBeGreaterThan(quiet);
});

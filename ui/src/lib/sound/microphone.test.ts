import { afterEach, expect, it, vi } from 'vitest';
import { microphone } from './microphone';

afterEach(() => vi.unstubAllGlobals());

it('asks what can be recorded no sooner than something is', async () => {
  const isTypeSupported = vi.fn(() => false);
  const getUserMedia = vi.fn(() => Promise.reject(new Error('not given')));
  vi.stubGlobal('AudioContext', vi.fn());
  vi.stubGlobal('MediaRecorder', { isTypeSupported });
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
  const found = microphone();
  expect(found).not.toBeNull();
  expect(isTypeSupported).not.toHaveBeenCalled();
  await expect(found?.start()).rejects.toThrow('not given');
  expect(isTypeSupported).toHaveBeenCalled();
});

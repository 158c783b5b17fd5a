import { WaveRecorder } from './wave';

/** The microphone, as the web view gives it: recorded in the format that it knows best. */

/**
 * Best first. WebKitGTK knows neither, and says that it knows AAC also where it then writes
 * nothing: what has none of these is recorded as it is.
 */
const FORMATS = [
  { type: 'audio/ogg;codecs=opus', end: 'ogg' },
  { type: 'audio/webm;codecs=opus', end: 'webm' },
] as const;
/** Speech needs no more. */
const BITS_PER_SECOND = 32_000;

/** A sound that was recorded. */
export interface Sound {
  bytes: Blob;
  /** End of its file's name. */
  end: string;
}

export interface Recording {
  /** How loud it is now, from 0 to 1. */
  level(): number;
  stop(): Promise<Sound>;
  /** Forgets all of it. */
  cancel(): void;
}

export interface Microphone {
  /** Asks for the microphone; rejects if it is not given. */
  start(): Promise<Recording>;
}

/** The microphone; nothing where the web view cannot record. */
export function microphone(): Microphone | null {
  if (typeof AudioContext === 'undefined') return null;
  // Absent in older web views, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices?.getUserMedia) return null;
  return { start: () => start(devices) };
}

async function start(devices: MediaDevices): Promise<Recording> {
  // Asked no sooner: WebKitGTK loads all that it has for sound and films to answer.
  const format =
    typeof MediaRecorder === 'undefined'
      ? undefined
      : FORMATS.find(({ type }) => MediaRecorder.isTypeSupported(type));
  const stream = await devices.getUserMedia({ audio: true });
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const source = context.createMediaStreamSource(stream);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const letGo = () => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  const recorder = format ? encoded(stream, format) : plain(new WaveRecorder(context, source));
  return {
    level: () => {
      analyser.getFloatTimeDomainData(samples);
      return loudness(samples);
    },
    stop: () => recorder.stop().finally(letGo),
    cancel: () => {
      recorder.cancel();
      letGo();
    },
  };
}

/** Recorded by the web view. */
function encoded(stream: MediaStream, format: (typeof FORMATS)[number]) {
  const recorder = new MediaRecorder(stream, {
    mimeType: format.type,
    audioBitsPerSecond: BITS_PER_SECOND,
  });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  return {
    stop: () =>
      new Promise<Sound>((resolve, reject) => {
        recorder.onerror = () => reject(new Error('recording'));
        recorder.onstop = () => {
          const [type = ''] = format.type.split(';');
          resolve({ bytes: new Blob(parts, { type }), end: format.end });
        };
        recorder.stop();
      }),
    cancel: () => {
      recorder.ondataavailable = null;
      if (recorder.state !== 'inactive') recorder.stop();
    },
  };
}

/** Recorded by ourselves. */
function plain(recorder: WaveRecorder) {
  return {
    stop: async (): Promise<Sound> => ({ bytes: recorder.stop(), end: 'wav' }),
    cancel: () => void recorder.stop(),
  };
}

/** From silence (0) to as loud as it gets (1), as ears hear it: in steps of decibels. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-10);
  return Math.min(1, Math.max(0, (decibels + 60) / 60));
}

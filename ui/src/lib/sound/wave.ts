/** Sound as it is (WAV, 16 bits, one channel), for web views that cannot make it smaller. */

/** Speech needs no more, in samples a second. */
const ENOUGH = 16_000;
const BLOCK = 4_096;

/** Collects what an audio context hears. */
export class WaveRecorder {
  readonly #node: ScriptProcessorNode;
  readonly #parts: Int16Array[] = [];
  readonly #each: number;
  readonly #rate: number;

  constructor(context: AudioContext, source: AudioNode) {
    this.#each = Math.max(1, Math.floor(context.sampleRate / ENOUGH));
    this.#rate = context.sampleRate / this.#each;
    // Its successor loads a script of its own, which no policy for scripts lets every web view do.
    this.#node = context.createScriptProcessor(BLOCK, 1, 1);
    this.#node.onaudioprocess = ({ inputBuffer }) =>
      this.#parts.push(fewer(inputBuffer.getChannelData(0), this.#each));
    source.connect(this.#node);
    // It works only on the way to somewhere; what it passes on is silence.
    this.#node.connect(context.destination);
  }

  stop(): Blob {
    this.#node.onaudioprocess = null;
    this.#node.disconnect();
    return wave(this.#parts, this.#rate);
  }
}

/** One sample for so many, as whole numbers. */
export function fewer(samples: Float32Array, each: number): Int16Array {
  const kept = new Int16Array(Math.floor(samples.length / each));
  for (let at = 0; at < kept.length; at += 1) {
    let sum = 0;
    for (let of = 0; of < each; of += 1) sum += samples[at * each + of] ?? 0;
    kept[at] = Math.round(Math.min(1, Math.max(-1, sum / each)) * 0x7fff);
  }
  return kept;
}

/** The file: a head of 44 bytes (RIFF, WAVE, PCM) and the samples, low byte first. */
export function wave(parts: readonly Int16Array[], rate: number): Blob {
  const count = parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new DataView(new ArrayBuffer(44 + count * 2));
  const word = (at: number, text: string) => {
    for (let of = 0; of < text.length; of += 1) bytes.setUint8(at + of, text.charCodeAt(of));
  };
  word(0, 'RIFF');
  bytes.setUint32(4, 36 + count * 2, true);
  word(8, 'WAVEfmt ');
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  word(36, 'data');
  bytes.setUint32(40, count * 2, true);
  let at = 44;
  for (const part of parts) {
    for (const sample of part) {
      bytes.setInt16(at, sample, true);
      at += 2;
    }
  }
  return new Blob([bytes.buffer], { type: 'audio/wav' });
}

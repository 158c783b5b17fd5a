import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { Microphone, Recording, Sound } from '../sound/microphone';

/** Longest message. */
export const MAX_SECONDS = 300;
/** Shorter than this is a slip of the finger. */
export const MIN_SECONDS = 0.6;
/** The level is looked at so often. */
export const LEVEL_MS = 80;
/** So many levels are shown. */
const LEVELS = 48;

/** Where a voice message is on its way. */
export type VoicePhase = 'idle' | 'asking' | 'recording' | 'ready' | 'sending';

export interface VoiceHost {
  /** Nothing where the web view cannot record. */
  microphone: Microphone | null;
  /** Hands the sound over. */
  send(sound: Sound): Promise<void>;
  now?: () => number;
}

/** A voice message: recorded, listened to, sent or thrown away. */
export class VoiceMessage {
  readonly #host: VoiceHost;
  #phase = $state<VoicePhase>('idle');
  #seconds = $state(0);
  #levels = $state.raw<readonly number[]>([]);
  #sound = $state.raw<Sound | null>(null);
  #refused = $state(false);
  #problem = $state.raw<ApiError | null>(null);
  #recording: Recording | null = null;
  #began = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Numbers the recordings, so that a late microphone is not taken for a newer one. */
  #take = 0;

  constructor(host: VoiceHost) {
    this.#host = host;
  }

  /** Whether the web view can record. */
  get offered(): boolean {
    return this.#host.microphone !== null;
  }

  get phase(): VoicePhase {
    return this.#phase;
  }

  /** It takes the place of the field. */
  get active(): boolean {
    return this.#phase !== 'idle';
  }

  get seconds(): number {
    return this.#seconds;
  }

  /** How loud it was lately, from 0 to 1, the newest last. */
  get levels(): readonly number[] {
    return this.#levels;
  }

  /** What was recorded, to be listened to. */
  get sound(): Sound | null {
    return this.#sound;
  }

  /** The microphone was not given. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Why it could not be handed over; it is still there. */
  get problem(): ApiError | null {
    return this.#problem;
  }

  dismiss(): void {
    this.#refused = false;
  }

  async start(): Promise<void> {
    const { microphone } = this.#host;
    if (!microphone || this.active) return;
    const take = ++this.#take;
    this.#refused = false;
    this.#phase = 'asking';
    try {
      const recording = await microphone.start();
      // It was cancelled while the system asked.
      if (take !== this.#take) return recording.cancel();
      this.#recording = recording;
      this.#began = this.#now();
      this.#seconds = 0;
      this.#levels = [];
      this.#phase = 'recording';
      this.#timer = setInterval(() => this.#look(), LEVEL_MS);
    } catch {
      if (take !== this.#take) return;
      this.#phase = 'idle';
      this.#refused = true;
    }
  }

  /** Ends the recording; what is too short is thrown away. */
  async finish(): Promise<void> {
    if (this.#phase === 'asking') return this.cancel();
    const recording = this.#recording;
    if (this.#phase !== 'recording' || !recording) return;
    this.#seconds = Math.min((this.#now() - this.#began) / 1_000, MAX_SECONDS);
    if (this.#seconds < MIN_SECONDS) return this.cancel();
    clearInterval(this.#timer);
    this.#recording = null;
    const take = this.#take;
    try {
      const sound = await recording.stop();
      if (take !== this.#take) return;
      this.#sound = sound;
      this.#phase = 'ready';
    } catch {
      if (take !== this.#take) return;
      this.cancel();
      this.#refused = true;
    }
  }

  async send(): Promise<void> {
    const sound = this.#sound;
    if (this.#phase !== 'ready' || !sound) return;
    this.#phase = 'sending';
    this.#problem = null;
    try {
      await this.#host.send(sound);
      this.cancel();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
      this.#phase = 'ready';
    }
  }

  /** Throws everything away. */
  cancel(): void {
    this.#take += 1;
    clearInterval(this.#timer);
    this.#recording?.cancel();
    this.#recording = null;
    this.#sound = null;
    this.#problem = null;
    this.#phase = 'idle';
  }

  #look(): void {
    const level = this.#recording?.level() ?? 0;
    this.#levels = [...this.#levels, level].slice(-LEVELS);
    this.#seconds = (this.#now() - this.#began) / 1_000;
    if (this.#seconds >= MAX_SECONDS) void this.finish();
  }

  #now(): number {
    return this.#host.now?.() ?? Date.now();
  }
}

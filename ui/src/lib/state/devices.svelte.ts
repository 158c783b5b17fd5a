import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { DevicesView } from '../rpc/generated/DevicesView';
import type { DeviceView } from '../rpc/generated/DeviceView';
import type { Rpc } from '../rpc/client';

/** What has access to the account, and signing it out. */
export class Devices {
  readonly #rpc: Rpc;
  readonly #account: string;
  #view = $state.raw<DevicesView | null>(null);
  #problem = $state.raw<ApiError | null>(null);
  #ending = $state<string | null>(null);
  #mayComeBack = $state.raw<DeviceView | null>(null);
  /** Only what was looked at once is kept fresh. */
  #wanted = false;

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
  }

  get view(): DevicesView | null {
    return this.#view;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Id of the one that is being signed out. */
  get ending(): string | null {
    return this.#ending;
  }

  /** The one that was signed out last, if it knows the password. */
  get mayComeBack(): DeviceView | null {
    return this.#mayComeBack;
  }

  async load(): Promise<void> {
    this.#wanted = true;
    try {
      this.#view = await this.#rpc.devices(this.#account);
      this.#problem = null;
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  /** Nobody looks any more. */
  leave(): void {
    this.#wanted = false;
    this.#mayComeBack = null;
  }

  async end(device: DeviceView): Promise<void> {
    if (device.id === null || this.#ending !== null) return;
    this.#ending = device.id;
    this.#mayComeBack = null;
    try {
      const ended = await this.#rpc.endDevice(this.#account, device.id);
      if (ended.may_come_back) this.#mayComeBack = device;
      await this.load();
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    } finally {
      this.#ending = null;
    }
  }

  changed(): void {
    if (this.#wanted) void this.load();
  }
}

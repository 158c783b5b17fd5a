import { apiError } from '../errors/api-failure';
import type { DeviceRequest } from '../rpc/generated/DeviceRequest';
import type { DeviceView } from '../rpc/generated/DeviceView';
import type { Response } from '../rpc/generated/Response';

const HOUR_MS = 3_600_000;

function device(id: string, more: Partial<DeviceView>): DeviceView {
  return {
    id,
    software: 'Startalk',
    version: '',
    system: '',
    name: '',
    address: '192.168.1.34',
    online: true,
    this: false,
    first_seen_ms: Date.now() - 900 * HOUR_MS,
    last_seen_ms: Date.now(),
    ...more,
  };
}

/** The devices of the account in memory. */
export class FakeDevices {
  /** Whether the server lists all of them, and ends one. */
  complete = true;
  all: DeviceView[] = [
    device('client/own', { name: 'lina-desk (Linux)', version: '0.1.0', this: true }),
    device('client/laptop', { name: 'LINA-LAPTOP (Windows)', address: '10.8.0.6' }),
    device('client/phone', {
      software: 'Conversations',
      name: 'Pixel 8',
      online: false,
      address: '2001:db8:85a3::8a2e:370:7334',
      last_seen_ms: Date.now() - 50 * HOUR_MS,
    }),
    device('session/9', { software: 'Gajim', version: '1.8.4', system: 'Debian 12' }),
  ];

  /** Whether this one keeps a password that was changed. */
  keepsPassword = true;

  /** What has the password also decides what has access. */
  changePassword(current: string, chosen: string): Response {
    if (current === 'wrong') throw apiError('wrong-password');
    if ([...chosen].length < 8) throw apiError('password-too-weak');
    return { type: 'password-changed', value: this.keepsPassword };
  }

  answer(request: DeviceRequest): Response {
    if (request.action === 'end') {
      const ended = this.all.find(({ id }) => id === request.device);
      if (!ended) throw apiError('not-found');
      this.all = this.all.filter((other) => other !== ended);
      const may_come_back = request.device.startsWith('session/');
      return { type: 'device-ended', value: { may_come_back } };
    }
    const devices = this.complete
      ? this.all
      : this.all.filter(({ online }) => online).map((one) => ({ ...one, id: null, address: '' }));
    return { type: 'devices', value: { devices, complete: this.complete } };
  }
}

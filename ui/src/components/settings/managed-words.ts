import { bytes } from '../../lib/i18n/format';
import { i18n } from '../../lib/i18n/i18n.svelte';
import type { MessageKey } from '../../lib/i18n/keys';
import type { ManagedSetting } from '../../lib/rpc/generated/ManagedSetting';
import type { PreviewLimit } from '../../lib/rpc/generated/PreviewLimit';
import type { ValueOrigin } from '../../lib/rpc/generated/ValueOrigin';
import { groupsOf } from '../../lib/text/fingerprint';

export const settingNames: Record<ManagedSetting['what'], MessageKey> = {
  'server-name': 'managed.server-name',
  domain: 'managed.domain',
  endpoints: 'managed.endpoints',
  keys: 'managed.keys',
  authorities: 'managed.authorities',
  'system-authorities': 'managed.system-authorities',
  'cache-days': 'managed.cache-days',
  'cache-bytes': 'managed.cache-bytes',
  preview: 'managed.preview',
  'updates-off': 'managed.updates-off',
  'update-address': 'managed.update-address',
  'update-channel': 'managed.update-channel',
  'update-up-to': 'managed.update-up-to',
};

export const originNames: Record<ValueOrigin, MessageKey> = {
  navigation: 'managed.by.navigation',
  invite: 'managed.by.invite',
  user: 'managed.by.user',
  default: 'managed.by.default',
};

const previews: Record<PreviewLimit, MessageKey> = {
  anything: 'managed.no-limit',
  name: 'settings.preview.name',
  nothing: 'settings.preview.nothing',
};

/** A value in words. */
export function settingValue(setting: ManagedSetting): string {
  const number = (value: number) => new Intl.NumberFormat(i18n.locale).format(value);
  switch (setting.what) {
    case 'server-name':
      return setting.value ?? i18n.t('managed.none');
    case 'domain':
      return setting.value;
    case 'endpoints':
      return setting.value.join('\n') || i18n.t('managed.endpoints.domain');
    case 'keys':
      return (
        setting.value.map((key) => groupsOf(key).join(' ')).join('\n') || i18n.t('managed.none')
      );
    case 'authorities':
      return setting.value === 0 ? i18n.t('managed.none') : number(setting.value);
    case 'system-authorities':
      return i18n.t(setting.value ? 'managed.yes' : 'managed.no');
    case 'cache-days':
      return setting.value === null
        ? i18n.t('managed.no-limit')
        : i18n.count('managed.days', setting.value);
    case 'cache-bytes':
      return setting.value === null
        ? i18n.t('managed.no-limit')
        : bytes(setting.value, i18n.locale);
    case 'updates-off':
      return i18n.t(setting.value ? 'managed.no' : 'managed.yes');
    case 'update-address':
      return setting.value ?? i18n.t('managed.update-address.makers');
    case 'update-channel':
      return setting.value ?? i18n.t('managed.none');
    case 'update-up-to':
      return setting.value ?? i18n.t('managed.no-limit');
    case 'preview':
      return i18n.t(previews[setting.value]);
  }
}

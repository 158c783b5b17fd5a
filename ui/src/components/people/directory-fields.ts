import type { MessageKey } from '../../lib/i18n/keys';

/** The usual fields of a directory (XEP-0055 and vCard searches), in our words. */
const keys: Record<string, MessageKey> = {
  fn: 'directory.field.name',
  name: 'directory.field.name',
  first: 'directory.field.first',
  given: 'directory.field.first',
  last: 'directory.field.last',
  family: 'directory.field.last',
  nick: 'directory.field.nick',
  nickname: 'directory.field.nick',
  user: 'profile.user',
  username: 'profile.user',
  email: 'profile.email',
  orgname: 'profile.organisation',
  orgunit: 'profile.department',
};

export function fieldKey(name: string): MessageKey | undefined {
  return keys[name.toLowerCase()];
}

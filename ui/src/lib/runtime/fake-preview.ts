import { apiError } from '../errors/api-failure';
import type { JoinPreview } from '../rpc/generated/JoinPreview';
import { MY_NAME, TEAM } from './fixtures';

/** Reads an input the way the screens expect: links invite, names sign in. */
export function preview(input: string): JoinPreview {
  const base = { inviter: null, user: null, pinned: false, issuer_fingerprint: null };
  if (input.startsWith('startalk:')) {
    if (input.length < 24) throw apiError('link-damaged');
    const domain = 'valley.local';
    return { ...base, kind: 'invite', server_name: TEAM, domain, inviter: MY_NAME, pinned: true };
  }
  const [, user, domain] = /^(?:([^@\s]+)@)?([\w-]+(?:\.[\w-]+)+)$/.exec(input) ?? [];
  if (domain === undefined) throw apiError('input-not-understood');
  if (domain.endsWith('.invalid')) throw apiError('server-unknown', { server: domain });
  return { ...base, kind: 'sign-in', server_name: domain, domain, user: user ?? null };
}

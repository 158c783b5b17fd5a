import type { MessageKey } from '../i18n/keys';
import type { ErrorCode } from '../rpc/generated/ErrorCode';

/** What a person reads for an error code. */
export interface ErrorText {
  /** A sentence that needs no values. */
  text: MessageKey;
  /** A better sentence, used when all its values came with the error. */
  detailed?: MessageKey;
}

// `satisfies Record` makes a new code a compile error until it has a sentence.
const table = {
  'input-empty': { text: 'error.input-empty' },
  'input-not-understood': { text: 'error.input-not-understood' },
  'link-damaged': { text: 'error.link-damaged' },
  'link-too-new': { text: 'error.link-too-new' },
  'navigation-not-trusted': { text: 'error.navigation-not-trusted' },
  'navigation-expired': { text: 'error.navigation-expired' },
  'invite-not-valid': { text: 'error.invite-not-valid' },
  'server-unknown': { text: 'error.server-unknown', detailed: 'error.server-unknown.detailed' },
  'server-unreachable': {
    text: 'error.server-unreachable',
    detailed: 'error.server-unreachable.detailed',
  },
  'not-a-chat-server': {
    text: 'error.not-a-chat-server',
    detailed: 'error.not-a-chat-server.detailed',
  },
  'certificate-not-trusted': {
    text: 'error.certificate-not-trusted',
    detailed: 'error.certificate-not-trusted.detailed',
  },
  'sign-in-not-supported': { text: 'error.sign-in-not-supported' },
  'no-network': { text: 'error.no-network' },
  'captive-portal': { text: 'error.captive-portal' },
  'proxy-failed': { text: 'error.proxy-failed' },
  'proxy-password': { text: 'error.proxy-password' },
  'domain-not-served': {
    text: 'error.domain-not-served',
    detailed: 'error.domain-not-served.detailed',
  },
  'version-not-supported': { text: 'error.version-not-supported' },
  'redirect-refused': { text: 'error.redirect-refused' },
  'certificate-expired': {
    text: 'error.certificate-expired',
    detailed: 'error.certificate-expired.detailed',
  },
  'certificate-wrong-name': {
    text: 'error.certificate-wrong-name',
    detailed: 'error.certificate-wrong-name.detailed',
  },
  'certificate-key-changed': { text: 'error.certificate-key-changed' },
  'sign-in-downgraded': { text: 'error.sign-in-downgraded' },
  'signed-in-elsewhere': { text: 'error.signed-in-elsewhere' },
  'server-busy': { text: 'error.server-busy' },
  'server-shutting-down': { text: 'error.server-shutting-down' },
  'policy-violation': { text: 'error.policy-violation' },
  'wrong-password': { text: 'error.wrong-password' },
  'account-disabled': { text: 'error.account-disabled' },
  'account-removed': { text: 'error.account-removed' },
  'sign-in-expired': { text: 'error.sign-in-expired' },
  'name-taken': { text: 'error.name-taken' },
  'name-invalid': { text: 'error.name-invalid' },
  'password-too-weak': {
    text: 'error.password-too-weak',
    detailed: 'error.password-too-weak.detailed',
  },
  'registration-closed': { text: 'error.registration-closed' },
  'already-joined': { text: 'error.already-joined' },
  'keyring-unavailable': { text: 'error.keyring-unavailable' },
  locked: { text: 'error.locked' },
  'cache-failed': { text: 'error.cache-failed' },
  'profile-in-use': {
    text: 'error.profile-in-use',
    detailed: 'error.profile-in-use.detailed',
  },
  'profile-folder': {
    text: 'error.profile-folder',
    detailed: 'error.profile-folder.detailed',
  },
  'port-in-use': { text: 'error.port-in-use', detailed: 'error.port-in-use.detailed' },
  'server-start-failed': { text: 'error.server-start-failed' },
  'disk-full': { text: 'error.disk-full' },
  'file-not-written': { text: 'error.file-not-written' },
  'message-too-long': { text: 'error.message-too-long' },
  'not-supported': { text: 'error.not-supported' },
  'not-connected': { text: 'error.not-connected' },
  'message-rejected': { text: 'error.message-rejected' },
  'message-too-large': { text: 'error.message-too-large' },
  'recipient-unknown': { text: 'error.recipient-unknown' },
  'recipient-gone': { text: 'error.recipient-gone' },
  'recipient-blocked': { text: 'error.recipient-blocked' },
  'recipient-unavailable': { text: 'error.recipient-unavailable' },
  'not-allowed': { text: 'error.not-allowed' },
  'room-unknown': { text: 'error.room-unknown' },
  'room-exists': { text: 'error.room-exists' },
  'room-password': { text: 'error.room-password' },
  'room-members-only': { text: 'error.room-members-only' },
  'room-banned': { text: 'error.room-banned' },
  'room-full': { text: 'error.room-full' },
  'nick-taken': { text: 'error.nick-taken' },
  'rooms-not-offered': { text: 'error.rooms-not-offered' },
  'not-in-room': { text: 'error.not-in-room' },
  'picture-not-usable': { text: 'error.picture-not-usable' },
  'file-too-large': { text: 'error.file-too-large' },
  'file-empty': { text: 'error.file-empty' },
  'files-not-offered': { text: 'error.files-not-offered' },
  'file-quota': { text: 'error.file-quota' },
  'file-refused': { text: 'error.file-refused' },
  'file-changed': { text: 'error.file-changed' },
  'file-not-readable': { text: 'error.file-not-readable' },
  'file-not-on-server': { text: 'error.file-not-on-server' },
  'file-damaged': { text: 'error.file-damaged' },
  'file-address-refused': { text: 'error.file-address-refused' },
  cancelled: { text: 'error.cancelled' },
  'not-found': { text: 'error.not-found' },
  'server-refused': { text: 'error.server-refused' },
  'timed-out': { text: 'error.timed-out' },
  internal: { text: 'error.internal' },
} satisfies Record<ErrorCode, ErrorText>;

export const errorTable: Readonly<Record<ErrorCode, ErrorText>> = table;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(table, code);
}

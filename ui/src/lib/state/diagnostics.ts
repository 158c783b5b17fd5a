import type { AccountView } from '../rpc/generated/AccountView';
import type { CheckView } from '../rpc/generated/CheckView';
import type { ConnectionStatusView } from '../rpc/generated/ConnectionStatusView';
import type { ShellInfo } from '../rpc/generated/ShellInfo';
import type { StorageView } from '../rpc/generated/StorageView';
import type { ConnectionView } from '../rpc/generated/ConnectionView';

export interface DiagnosticsInput {
  shell: ShellInfo;
  account: AccountView;
  connection: ConnectionView;
  storage: StorageView | null;
  status: ConnectionStatusView | null;
  conversations: number;
  unsent: number;
  locale: string;
  zoom: number;
  now: number;
}

/**
 * What support needs to know, as lines to paste: no password, no token, no
 * message, no name of a person, and of the address only the server's part.
 */
export function diagnostics(input: DiagnosticsInput): string {
  const { shell, account, connection, storage, status } = input;
  const lines: [string, string | number][] = [
    ['Startalk', shell.version],
    ['System', `${shell.platform}, ${shell.system_locale}`],
    ['Language', input.locale],
    ['Zoom', `${input.zoom} %`],
    ['Time', new Date(input.now).toISOString()],
    ['Server', account.address.slice(account.address.lastIndexOf('@') + 1)],
    ['Connection', connection.state],
  ];
  if (connection.state === 'waiting') {
    lines.push(['Next try', new Date(connection.retry_at_ms).toISOString()]);
  }
  if ('error' in connection && connection.error) {
    lines.push(['Last problem', connection.error.code]);
    if (connection.error.detail !== '') lines.push(['Detail', redact(connection.error.detail)]);
  }
  if (status) {
    if (status.way) lines.push(['Way', status.way]);
    if (status.round_trip_ms !== null) lines.push(['Round trip', `${status.round_trip_ms} ms`]);
    if (status.caught_up_ms !== null) {
      lines.push(['Caught up', new Date(status.caught_up_ms).toISOString()]);
    }
    lines.push(['Waiting', status.waiting]);
    if (status.certificate) {
      lines.push(
        ['Certificate by', status.certificate.issuer],
        ['Valid until', new Date(status.certificate.valid_until_ms).toISOString()],
        ['Key', status.certificate.fingerprint],
      );
    }
  }
  lines.push(['Conversations', input.conversations], ['Not sent yet', input.unsent]);
  if (storage) {
    lines.push(['Messages', storage.messages], ['Cache', `${storage.cache_bytes} bytes`]);
    lines.push(['Files', storage.files]);
  }
  return lines.map(([name, value]) => `${name}: ${value}`).join('\n');
}

/** The result of a check of the way to a server, as lines to paste. */
export function checkText(shell: ShellInfo, check: CheckView, now: number): string {
  const lines: [string, string | number][] = [
    ['Startalk', shell.version],
    ['System', `${shell.platform}, ${shell.system_locale}`],
    ['Time', new Date(now).toISOString()],
    ['Check', check.code],
    ['Server', check.domain ?? '-'],
    ['Took', `${check.took_ms} ms`],
  ];
  if (check.way) lines.push(['Way', check.way]);
  if (check.certificate) {
    const { issuer, valid_until_ms, fingerprint } = check.certificate;
    lines.push(
      ['Certificate by', issuer],
      ['Valid until', new Date(valid_until_ms).toISOString()],
      ['Key', fingerprint],
    );
  }
  if (check.error) {
    lines.push(['Problem', check.error.code]);
    if (check.error.detail !== '') lines.push(['Detail', redact(check.error.detail)]);
  }
  return lines.map(([name, value]) => `${name}: ${value}`).join('\n');
}

/** Details come from libraries: what looks like a person's address or a secret goes. */
export function redact(text: string): string {
  return text
    .replace(/[^\s@<>"']+@(?=[\w.-]+)/g, '…@')
    .replace(/\b(password|token|secret|key)\b(\s*[=:]\s*)\S+/gi, '$1$2…')
    .replace(/#\S+/g, '#…');
}

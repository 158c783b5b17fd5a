import type { ManagedView } from '../rpc/generated/ManagedView';

/** What the administrator of the made-up team has set. */
export const fakeManaged: ManagedView = {
  source: {
    by: 'navigation',
    url: 'https://valley.local/.well-known/startalk/navigation.json',
    issuer_fingerprint: 'K7QF-2MXA-9PLD-HT4V-C6RW-8NZE',
    serial: 4,
    issued_at_ms: Date.UTC(2026, 8, 14, 8, 30),
    valid_until_ms: Date.UTC(2027, 8, 14),
  },
  values: [
    { setting: { what: 'server-name', value: '山谷设计 Valley Design' }, origin: 'navigation' },
    { setting: { what: 'domain', value: 'valley.local' }, origin: 'navigation' },
    {
      setting: {
        what: 'endpoints',
        value: ['tls:192.168.1.20:5280', 'wss:chat.valley.example:443/ws'],
      },
      origin: 'navigation',
    },
    {
      setting: { what: 'keys', value: ['bP0fB7DPyfEQ7Mk3nXfDGgPmKj2a5l0oYw9QWdEhRtU'] },
      origin: 'user',
    },
    { setting: { what: 'authorities', value: 1 }, origin: 'navigation' },
    { setting: { what: 'system-authorities', value: false }, origin: 'navigation' },
    { setting: { what: 'cache-days', value: 90 }, origin: 'navigation' },
    { setting: { what: 'cache-bytes', value: null }, origin: 'default' },
    { setting: { what: 'preview', value: 'name' }, origin: 'navigation' },
    { setting: { what: 'updates-off', value: false }, origin: 'default' },
    { setting: { what: 'update-address', value: null }, origin: 'default' },
    { setting: { what: 'update-channel', value: null }, origin: 'default' },
    { setting: { what: 'update-up-to', value: '1.2.0' }, origin: 'navigation' },
  ],
};

import { expect, test } from 'vitest';
import { Rpc } from '../rpc/client';
import { FakeRuntime } from '../runtime/fake';
import { fromShell, toShell } from './notify-settings';
import { Preferences } from './preferences.svelte';
import { NO_QUIET_HOURS } from './quiet';
import { USUAL_SETTINGS } from './usual-settings';

const { notifications } = USUAL_SETTINGS;

test('U81: quiet hours mean the same days to the window and to the shell', () => {
  // Sunday and Friday.
  const quiet = { on: true, from: 1200, to: 480, days: [0, 5] };
  const told = { previews: true, quiet, quietUntilMs: 7 };
  const kept = toShell(told, notifications);
  expect(kept.quiet_hours).toEqual({
    from_minute: 1200,
    to_minute: 480,
    days: [false, false, false, false, true, false, true],
  });
  expect(fromShell(kept, NO_QUIET_HOURS)).toEqual(told);
  const off = toShell({ ...told, quiet: { ...quiet, on: false } }, kept);
  expect(off.quiet_hours).toBeNull();
  expect(fromShell(off, quiet).quiet).toEqual({ ...quiet, on: false });
});

test('U84: previews that are off stay as far off as they were', () => {
  const told = { previews: false, quiet: NO_QUIET_HOURS, quietUntilMs: null };
  expect(toShell(told, notifications).preview).toBe('name');
  expect(toShell(told, { ...notifications, preview: 'nothing' }).preview).toBe('nothing');
});

test('U81: what the window chooses reaches the shell, what the tray chooses the window', () => {
  const runtime = new FakeRuntime();
  const preferences = new Preferences(new Rpc(runtime));
  preferences.load(USUAL_SETTINGS, 'en');
  preferences.setView({ previews: false, quietUntilMs: 5_000 });
  expect(runtime.shell.settings.notifications).toMatchObject({
    preview: 'name',
    quiet_until_ms: 5_000,
  });
  preferences.setView({ sideWidth: 250 });
  expect(runtime.commands).toEqual(['settingsSet']);
  const tray = { ...notifications, quiet_until_ms: 9_000 };
  preferences.changed({ ...USUAL_SETTINGS, notifications: tray });
  expect(preferences.view.quietUntilMs).toBe(9_000);
  expect(preferences.view.sideWidth).toBe(250);
});

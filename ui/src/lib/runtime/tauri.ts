import { Channel, invoke } from '@tauri-apps/api/core';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { DesktopRuntime } from './desktop';
import type { Runtime } from './runtime';

/** The runtime of the desktop app: commands of the shell around the window. */
export function tauriRuntime(): Runtime {
  return {
    request: (request) => invoke('engine_request', { request }),
    subscribe: async (listener) => {
      const channel = new Channel<ShellEvent>();
      channel.onmessage = listener;
      await invoke('subscribe', { channel });
    },
    shellInfo: () => invoke('shell_info'),
    settingsSet: (settings) => invoke('settings_set', { settings }),
    zoomSet: (percent) => invoke('zoom_set', { percent }),
    serverStatus: () => invoke('server_status'),
    serverCreate: (team) => invoke('server_create', { team }),
    serverStart: () => invoke('server_start'),
    serverStop: () => invoke('server_stop'),
    serverInvite: () => invoke('server_invite'),
    openLink: (link) => invoke('open_link', { link }),
    showWindow: () => invoke('show_window'),
    quit: () => invoke('quit'),
    painted: () => invoke('painted'),
    desktop: tauriDesktop(),
  };
}

function tauriDesktop(): DesktopRuntime {
  return {
    attend: (attention) => invoke('attend', { attention }),
    filesPick: () => invoke('files_pick'),
    fileAskWhere: (name) => invoke('file_ask_where', { name }),
    fileSaveAs: (source, name) => invoke('file_save_as', { source, name }),
    fileSave: (source, name) => invoke('file_save', { source, name }),
    fileOpen: (path) => invoke('file_open', { path }),
    fileShow: (path) => invoke('file_show', { path }),
    lockView: () => invoke('lock_view'),
    lockWindow: () => invoke('lock_window'),
    lockOpen: (secret) => invoke('lock_open', { secret }),
    lockChoose: (old, chosen) => invoke('lock_choose', { old, new: chosen }),
  };
}

import { Channel, invoke } from '@tauri-apps/api/core';
import type { PastedFile } from '../rpc/generated/PastedFile';
import type { Request } from '../rpc/generated/Request';
import type { Response } from '../rpc/generated/Response';
import type { ShellEvent } from '../rpc/generated/ShellEvent';
import type { DesktopRuntime } from './desktop';
import { DesktopFiles } from './desktop-files';
import type { Runtime } from './runtime';

/** The runtime of the desktop app: commands of the shell around the window. */
export function tauriRuntime(): Runtime {
  const request = (request: Request) => invoke<Response>('engine_request', { request });
  const desktop = tauriDesktop();
  return {
    request,
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
    serverSignIn: (signIn) => invoke('server_sign_in', { signIn }),
    serverStart: () => invoke('server_start'),
    serverStop: () => invoke('server_stop'),
    serverInvite: () => invoke('server_invite'),
    openLink: (link) => invoke('open_link', { link }),
    showWindow: () => invoke('show_window'),
    quit: () => invoke('quit'),
    painted: () => invoke('painted'),
    desktop,
    files: new DesktopFiles(request, desktop),
  };
}

function tauriDesktop(): DesktopRuntime {
  return {
    attend: (attention) => invoke('attend', { attention }),
    announce: (text) => invoke('announce', { text }),
    pastedFiles,
    fileAskWhere: (name) => invoke('file_ask_where', { name }),
    fileStage: stage,
    fileInfo: (account, message, index) => invoke('file_info', { account, message, index }),
    fileRead: (account, message, index, offset, length) =>
      invoke('file_read', { account, message, index, offset, length }),
    fileSave: (account, message, index, path) =>
      invoke('file_save', { account, message, index, path }),
    fileOpen: (account, message, index) => invoke('file_open', { account, message, index }),
    fileShow: (path) => invoke('file_show', { path }),
    fileDragReady: (account, message, index) =>
      invoke('file_drag_ready', { account, message, index }),
    fileDrag: (account, message, index) => invoke('file_drag', { account, message, index }),
    screenCapture: async () => {
      const png = await invoke<ArrayBuffer>('screen_capture');
      return png.byteLength === 0 ? null : new Blob([png], { type: 'image/png' });
    },
    pictureCopy: async (png) => invoke('picture_copy', await png.arrayBuffer()),
    lockView: () => invoke('lock_view'),
    lockWindow: () => invoke('lock_window'),
    lockOpen: (secret) => invoke('lock_open', { secret }),
    lockOpenBySystem: () => invoke('lock_open_by_system'),
    lockLetSystem: (openIt) => invoke('lock_let_system', { openIt }),
    lockChoose: (old, chosen) => invoke('lock_choose', { old, new: chosen }),
    updateView: () => invoke('update_view'),
    updateLook: () => invoke('update_look'),
    updateInstall: () => invoke('update_install'),
  };
}

/** By their names, for those that are shown before they are sent. */
const PICTURES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
};

async function pastedFiles(): Promise<File[]> {
  const files: File[] = [];
  for (const { number, name } of await invoke<PastedFile[]>('pasted_files')) {
    const parts: ArrayBuffer[] = [];
    let offset = 0;
    for (;;) {
      const part = await invoke<ArrayBuffer>('pasted_read', { number, offset });
      if (part.byteLength === 0) break;
      parts.push(part);
      offset += part.byteLength;
    }
    const type = PICTURES[name.split('.').pop()?.toLowerCase() ?? ''] ?? '';
    files.push(new File(parts, name, { type }));
  }
  return files;
}

/** So much of a file is handed over at a time. */
const PART_BYTES = 1024 * 1024;

async function stage(account: string, bytes: Blob): Promise<number> {
  const number = await invoke<number>('file_stage_begin', { account });
  for (let from = 0; from < bytes.size; from += PART_BYTES) {
    const part = await bytes.slice(from, from + PART_BYTES).arrayBuffer();
    await invoke('file_stage_write', part, { headers: { stage: String(number) } });
  }
  return invoke('file_stage_end', { stage: number });
}

import { open } from './app';
import { tauriRuntime } from './lib/runtime/tauri';

open(tauriRuntime());

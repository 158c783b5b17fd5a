import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { emojiData } from './emoji-data.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// One entry per runtime: the desktop build never sees the fake team, the web
// build never sees a Tauri package.
export default defineConfig(({ mode }) => {
  const web = mode === 'web';
  return {
    root: here('.'),
    plugins: [emojiData(), svelte()],
    clearScreen: false,
    server: { host: '127.0.0.1', port: web ? 5174 : 5173, strictPort: true },
    build: {
      outDir: here(web ? 'dist-web' : 'dist'),
      emptyOutDir: true,
      // The oldest WebView that Tauri 2 runs in: WebKitGTK 2.40, macOS 13.
      target: ['safari16', 'chrome111'],
      // The page's content policy allows no inline script, so no polyfill.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rolldownOptions: { input: here(web ? 'web.html' : 'index.html') },
    },
  };
});

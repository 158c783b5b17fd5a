import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { emojiData } from './emoji-data.ts';

// The browser of the system; where there is none, the one that Playwright brought.
const executablePath = [
  process.env.STARTALK_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

// What only a real browser knows: layout, scrolling, sizes that come late.
export default defineConfig({
  plugins: [emojiData(), svelte()],
  optimizeDeps: { include: ['@testing-library/jest-dom/vitest', 'axe-core', 'svelte'] },
  test: {
    setupFiles: ['tests/browser/setup.ts'],
    include: ['tests/browser/**/*.browser.ts'],
    restoreMocks: true,
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(executablePath === undefined ? {} : { executablePath }),
          args: [
            '--no-sandbox',
            // A microphone that beeps, which nobody has to allow, and players that play.
            '--use-fake-device-for-media-stream',
            '--use-fake-ui-for-media-stream',
            '--autoplay-policy=no-user-gesture-required',
          ],
        },
        contextOptions: { timezoneId: 'Asia/Shanghai', locale: 'en-GB' },
      }),
      viewport: { width: 1100, height: 760 },
      instances: [{ browser: 'chromium' }],
    },
  },
});

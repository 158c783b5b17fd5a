import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { emojiData } from './emoji-data.ts';

export default defineConfig({
  plugins: [emojiData(), svelte(), svelteTesting()],
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
    // A whole window is drawn in many of them, and the machine may be busy.
    testTimeout: 30_000,
    env: { TZ: 'Asia/Shanghai' },
  },
});

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
    // A busy machine is no fault of the window's.
    testTimeout: 30_000,
    env: { TZ: 'Asia/Shanghai' },
  },
});

import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Forbids imports by pattern, with the reason in the message. */
const barred = (...patterns) => ({
  'no-restricted-imports': ['error', { patterns }],
});
const tauri = {
  group: ['@tauri-apps/*'],
  message: 'Only lib/runtime/tauri.ts talks to Tauri.',
};
const runtime = {
  regex: '(^|/)runtime(/|$)',
  message: 'Only lib/rpc and the build entries know a runtime.',
};
const rpc = {
  regex: '(^|/)rpc/client',
  message: 'Components use state objects, never the rpc client.',
};
const views = { regex: '(^|/)views/', message: 'Views are composed by App.svelte only.' };
const pixels = {
  regex: '/[A-Z]\\w*\\.svelte$',
  caseSensitive: true,
  message: 'State knows no component.',
};

export default ts.config(
  { ignores: ['dist/', 'dist-web/', 'src/lib/rpc/generated/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    plugins: { 'import-x': importX },
    languageOptions: {
      globals: { ...globals.browser },
      // For the cycle check, which parses what a file imports with the file's own options.
      parserOptions: { parser: ts.parser },
    },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver()],
      'import-x/extensions': ['.ts', '.js', '.svelte'],
      'import-x/parsers': {
        '@typescript-eslint/parser': ['.ts'],
        'svelte-eslint-parser': ['.svelte'],
      },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'no-console': 'error',
      'no-undef': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      ...barred(tauri),
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
    rules: {
      'svelte/no-at-html-tags': 'error',
      'svelte/require-each-key': 'error',
      'svelte/no-restricted-html-elements': [
        'error',
        { elements: ['form'], message: 'WebKitGTK never lets go of one: use submits().' },
      ],
      // Our sets and maps are replaced, never changed in place.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  // Which folder may see which; `ARCHITECTURE.md` has the same table in words.
  { files: ['src/components/**', 'src/views/**'], rules: barred(tauri, runtime, rpc) },
  { files: ['src/components/**'], rules: barred(tauri, runtime, rpc, views) },
  { files: ['src/lib/state/**'], rules: barred(tauri, runtime, pixels) },
  { files: ['src/lib/runtime/tauri.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['**/*.test.ts', 'tests/**'],
    rules: {
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);

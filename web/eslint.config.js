import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'node_modules', 'public/assets/basemap', 'src/lib/openapi.gen.ts'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // TypeScript knows better, types included.
      'no-undef': 'off',
      // Plain links on purpose: the router listens to clicks, so that every link also works as a link.
      'svelte/no-navigation-without-resolve': 'off',
      // Maps and dates here are values that are replaced, never changed in place.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
);

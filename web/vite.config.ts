import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Where the API runs while developing: the real binary, or the stand-in `npm run mock`.
const api = process.env.TRACKLANE_URL ?? 'http://127.0.0.1:8390';

export default defineConfig({
  plugins: [svelte()],
  worker: { format: 'es', rollupOptions: { output: { hashCharacters: 'base36' } } },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // Everything is a file of our own origin: the page needs no data: scripts and no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: { index: 'index.html', tracking: 'src/tracking/tracking.ts' },
      output: {
        // Letters and digits only: the server tells hashed names from stable ones.
        hashCharacters: 'base36',
        // The server's tracking page names these two files, so they carry no hash.
        entryFileNames: ({ name }) => (name === 'tracking' ? 'assets/tracking.js' : 'assets/[name]-[hash].js'),
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: ({ names }) =>
          names.includes('tracking.css') ? 'assets/tracking.css' : 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/t/', '/openapi.json', '/docs'].map((path) => [path, { target: api, ws: path === '/v1' }]),
    ),
  },
});

// Leaves a gzip twin beside every larger text file of the build: the server sends it as it is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !/\.(js|css|json|svg|html)$/.test(entry.name)) continue;
  const content = readFileSync(file);
  if (content.length > 1500) writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
}

// Writes src/lib/openapi.gen.ts: the records of the API as TypeScript, from the description that the server commits.
//   npm run types
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const SOURCE = new URL('../../crates/server/openapi.json', import.meta.url);
export const TARGET = new URL('../src/lib/openapi.gen.ts', import.meta.url);

const HEAD = '// Generated from crates/server/openapi.json by `npm run types`. Not to be edited.\n\n';

/** The whole text of the generated file. Only schemas: the paths are the business of src/lib/api.ts. */
export async function generate() {
  const { components, ...description } = JSON.parse(readFileSync(SOURCE, 'utf8'));
  const { schemas } = components;
  const document = JSON.stringify({ ...description, paths: {}, components: { schemas } });
  const types = await openapiTS(document, { emptyObjectsUnknown: true });
  return HEAD + astToString(types);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, await generate());

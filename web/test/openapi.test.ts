import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generate, TARGET } from '../scripts/types.mjs';

it('has the types of the API as the server describes it now (else: npm run types)', { timeout: 30_000 }, async () => {
  const fresh = await generate();
  expect(readFileSync(TARGET, 'utf8') === fresh, 'src/lib/openapi.gen.ts is stale: run `npm run types`').toBe(true);
});

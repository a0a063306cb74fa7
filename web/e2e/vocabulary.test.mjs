// The words that the pages know are the words that the server speaks: compared with the API's own description.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runnerImport } from 'vite';
import { startServer } from './server.mjs';

let server, schemas, words;

before(async () => {
  server = await startServer();
  ({ schemas } = (await (await fetch(`${server.origin}/openapi.json`)).json()).components);
  words = (await runnerImport(new URL('../src/lib/lifecycle.ts', import.meta.url).pathname)).module;
});
after(() => server?.stop());

test('statuses', () => assert.deepEqual(words.ALL_STATUSES, schemas.Status.enum));
test('reasons', () => assert.deepEqual(words.REASONS, schemas.Reason.enum));
test('every field of a shipment that the pages read is one that the server writes', () => {
  const known = Object.keys(schemas.Shipment.properties);
  const read = [
    'reference',
    'status',
    'substatus',
    'reason',
    'status_since',
    'delayed',
    'eta_from',
    'eta_to',
    'driver_id',
    'version',
  ];
  assert.deepEqual(
    read.filter((name) => !known.includes(name)),
    [],
  );
});

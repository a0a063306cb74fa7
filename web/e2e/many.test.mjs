// The live map with more devices than it draws one by one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, mapIdle, openPage } from './browser.mjs';
import { apiOf, startServer } from './server.mjs';

/** Three depots in a row, the middle one in the middle of the view; their devices stand within some 400 m. */
const DEPOTS = [
  { lon: 13.25, count: 175 },
  { lon: 13.4, count: 300 },
  { lon: 13.55, count: 175 },
];
const LAT = 52.5;
const ALL = 650;

let server, api, browser;

const identifier = (number) => `van-${String(number).padStart(4, '0')}`;
const depotOf = (number) => (number < 175 ? 0 : number < 475 ? 1 : 2);

/** Sends a position of every device, each at its own place; `step` moves them all a little. */
function sendAll(step) {
  const fix_time = new Date().toISOString();
  const rows = Array.from({ length: ALL }, (_, number) => ({
    device: identifier(number),
    fix_time,
    // By the golden ratio: no two at one place, and nothing is left to chance.
    lat: LAT + (((number * 0.618034) % 1) - 0.5) * 0.006 + step * 0.0002,
    lon: DEPOTS[depotOf(number)].lon + (((number * 0.754878) % 1) - 0.5) * 0.01,
    speed_mps: 5,
    course_deg: 0,
    accuracy_m: 5,
  }));
  return api.post('/v1/positions/batch', rows);
}

before(async () => {
  server = await startServer({ TRACKLANE__LIMITS__REQUESTS_PER_MINUTE: '0' });
  api = await apiOf(server);
  for (let number = 0; number < ALL; number++) {
    await api.post('/v1/devices', { identifier: identifier(number), name: `Van ${identifier(number).slice(-4)}` });
  }
  await sendAll(0);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('close devices are drawn as groups that say how many they are, and split on the way in', async () => {
  const { context, page, trouble } = await openPage(browser, server.origin);
  await login(page, server);
  await mapIdle(page);
  await page.getByText(`${ALL} devices here, close ones as 3 groups`).waitFor();
  const box = await page.locator('.map-canvas').boundingBox();
  // The view leaves more room on the right, for names: its middle lies 35 pixels left of the middle of the map.
  await page.mouse.click(box.x + box.width / 2 - 35, box.y + box.height / 2);
  await page.getByText(/^300 devices here, close ones as ([2-9]|[1-9][0-9]+) groups$/).waitFor();
  const zoomIn = page.getByRole('button', { name: 'Zoom in' });
  for (let step = 0; step < 4; step++) {
    await zoomIn.click();
    await page.waitForTimeout(700);
  }
  await page.getByText(/devices here/).waitFor({ state: 'detached' });
  assert.deepEqual(trouble, []);
  await context.close();
});

test('the list beside it draws a part, finds every one, and does not grow while positions come in', async () => {
  const { context, page, trouble } = await openPage(browser, server.origin);
  await login(page, server);
  await mapIdle(page);
  const rows = page.locator('[data-device]');
  await page.getByText(`${ALL - 100} more: search, or`).waitFor();
  assert.equal(await rows.count(), 100);
  await page.getByRole('button', { name: 'Show 100' }).click();
  await page.getByText(`${ALL - 200} more: search, or`).waitFor();
  assert.equal(await rows.count(), 200);
  await page.getByRole('searchbox').fill('van 0649');
  await page.waitForFunction(() => document.querySelectorAll('[data-device]').length === 1);
  await rows.first().click();
  await page.locator('[data-device][aria-expanded="true"]').waitFor();
  // Selected, it stays in the list behind the first hundred.
  await page.getByRole('searchbox').fill('');
  await page.waitForFunction(() => document.querySelectorAll('[data-device]').length === 101);

  const debug = await context.newCDPSession(page);
  await debug.send('Performance.enable');
  const measure = async () => {
    await debug.send('HeapProfiler.collectGarbage');
    const { metrics } = await debug.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await measure();
  for (let step = 1; step <= 8; step++) {
    await sendAll(step);
    await page.waitForTimeout(1100);
  }
  const lat = (LAT + (((649 * 0.618034) % 1) - 0.5) * 0.006 + 8 * 0.0002).toFixed(5);
  await page.getByText(new RegExp(`^${lat}, `)).waitFor();
  const after = await measure();
  const megabytes = (after.JSHeapUsedSize - before.JSHeapUsedSize) / 1e6;
  assert.ok(after.Nodes < 6000, `${after.Nodes} nodes`);
  assert.ok(after.Nodes - before.Nodes < 500, `${after.Nodes - before.Nodes} more nodes after 5,200 positions`);
  assert.ok(megabytes < 20, `${megabytes} MB more after 5,200 positions`);
  assert.deepEqual(trouble, []);
  await context.close();
});

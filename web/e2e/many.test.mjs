// More devices than the live map draws one by one, and than the pages know by name from the start.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, mapIdle, openPage } from './browser.mjs';
import { apiOf, startServer } from './server.mjs';

/** Three depots in a row, the middle one in the middle of the view; their devices stand within some 400 m. */
const DEPOTS = [
  { lon: 13.25, count: 300 },
  { lon: 13.4, count: 500 },
  { lon: 13.55, count: 300 },
];
const LAT = 52.5;
const ALL = 1100;
/** How many are made at the same time. */
const AT_ONCE = 25;

let server, api, browser;

const identifier = (number) => `van-${String(number).padStart(4, '0')}`;
const depotOf = (number) => (number < 300 ? 0 : number < 800 ? 1 : 2);

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
  const make = (number) =>
    api.post('/v1/devices', { identifier: identifier(number), name: `Van ${identifier(number).slice(-4)}` });
  for (let first = 0; first < ALL; first += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => make(first + more)));
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
  await page.getByText(/^500 devices here, close ones as ([2-9]|[1-9][0-9]+) groups$/).waitFor();
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
  // The oldest are not among those known from the start: whoever is shown gets a name.
  await rows
    .first()
    .getByText(/^Van 00\d\d$/)
    .waitFor();
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

test('the devices page, and whoever chooses a device, ask the server', async () => {
  const zone = await api.post('/v1/zones', {
    name: 'Middle',
    geometry: { type: 'Point', coordinates: [DEPOTS[1].lon, LAT] },
    radius_m: 2000,
  });
  const { context, page, trouble } = await openPage(browser, server.origin);
  await login(page, server);
  await page.goto(`${server.origin}/drivers?tab=devices`);
  const rows = page.locator('tbody tr');
  await rows.nth(49).waitFor();
  assert.equal(await rows.count(), 50);
  await page.getByRole('button', { name: 'Show more' }).click();
  await rows.nth(99).waitFor();
  await page.getByRole('searchbox').fill('van 0007');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  await page.getByRole('link', { name: 'Van 0007' }).waitFor();
  await page.getByRole('link', { name: 'Offline' }).click();
  await page.getByText('No device matches.').waitFor();
  await page.getByRole('link', { name: 'Online' }).click();
  await page.getByRole('link', { name: 'Van 0007' }).waitFor();

  await page.goto(`${server.origin}/zones/${zone.id}`);
  const why = page.getByRole('region', { name: /^Why was there/ });
  const device = why.getByRole('combobox', { name: 'Device' });
  await device.fill('van 0450');
  await why.getByRole('option', { name: 'Van 0450 · van-0450' }).waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await device.inputValue(), 'Van 0450 · van-0450');
  await why.getByRole('button', { name: 'Explain' }).click();
  await why.getByText(/^The nearest position, .* m inside the edge/).waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});

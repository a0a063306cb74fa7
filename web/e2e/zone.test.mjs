// The page of a zone: who is inside, who was, why there was an event or none; and who was in an area.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, mapIdle, openPage, PHONE } from './browser.mjs';
import { apiOf, startServer } from './server.mjs';

const MINUTE = 60_000;
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 60 * MINUTE;
const CENTRE = { lat: 52.53, lon: 13.39 };

let server, api, browser, context, page, trouble, zone, devices;

/** Fixes of a device: minutes after the start, and metres north of the centre of the zone. */
const rows = (device, places) =>
  places.map(([minute, metres]) => ({
    device,
    fix_time: new Date(START + minute * MINUTE).toISOString(),
    lat: CENTRE.lat + metres / 111_195,
    lon: CENTRE.lon,
    accuracy_m: 5,
  }));

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  zone = await api.post('/v1/zones', {
    name: 'Yard',
    geometry: { type: 'Point', coordinates: [CENTRE.lon, CENTRE.lat] },
    radius_m: 300,
  });
  const made = ['van-in', 'van-by', 'van-late'].map((identifier) =>
    api.post('/v1/devices', { identifier, name: identifier.replace('v', 'V').replace('-', ' ') }),
  );
  devices = await Promise.all(made);
  const send = (...all) => api.post('/v1/positions/batch', all.flat());
  await send(
    // In, and still there.
    rows('van-in', [
      [40, 2000],
      [41, 1000],
      [42, 310],
      [43, 100],
      [44, 0],
      [45, 0],
    ]),
    // In and out.
    rows('van-by', [
      [10, 2000],
      [11, 1000],
      [12, 50],
      [13, 0],
      [14, -50],
      [15, -1000],
      [16, -2000],
    ]),
    // Seen outside alone, until what it did meanwhile comes late.
    rows('van-late', [
      [20, 1000],
      [30, 1000],
      [31, 1000],
    ]),
  );
  await send(
    rows('van-late', [
      [22, 1000],
      [24, 0],
      [25, 0],
      [26, 0],
      [28, 1000],
      [29, 1000],
    ]),
  );
  browser = await launch();
  ({ context, page, trouble } = await openPage(browser, server.origin));
  await login(page, server);
});
after(async () => {
  await context?.close();
  await browser?.close();
  await server?.stop();
});

const region = (name) => page.getByRole('region', { name, exact: true });
const row = (name, text) => region(name).locator('tbody tr', { hasText: text });

test('the list of zones leads to who is inside now', async () => {
  await page.goto(`${server.origin}/zones`);
  await page.getByRole('region', { name: 'Zones' }).getByRole('link', { name: 'Yard' }).click();
  await page.waitForURL(`**/zones/${zone.id}`);
  await page.getByRole('heading', { level: 1, name: 'Yard' }).waitFor();
  await page.getByText('circle of 300 m').waitFor();
  await row('Inside now', 'Van in').waitFor();
  assert.equal(await region('Inside now').locator('tbody tr').count(), 1);
  await mapIdle(page);
});

test('visits have an entry, an exit, a dwell, and say what came late', async () => {
  const visits = region('Visits');
  await row('Visits', 'Van by').waitFor();
  assert.equal(await visits.locator('tbody tr').count(), 3);
  assert.match(await row('Visits', 'Van by').innerText(), /[23] min/);
  await row('Visits', 'Van in').getByText('Not yet').waitFor();
  assert.equal(await visits.getByText('Late', { exact: true }).count(), 1);
  await row('Visits', 'Van late').getByText('Late', { exact: true }).waitFor();
  // Of one device alone; that stands in the address.
  await visits.getByLabel('Device').selectOption({ label: 'Van by · van-by' });
  await row('Visits', 'Van in').waitFor({ state: 'detached' });
  await page.reload();
  await row('Visits', 'Van by').waitFor();
  assert.equal(await visits.locator('tbody tr').count(), 1);
});

test('a visit explains itself, and so does what told nothing', async () => {
  const why = region('Why was there, or was there not, an event?');
  await row('Visits', 'Van by')
    .getByRole('button', { name: /^Why\?/ })
    .click();
  await why.getByText(/^The device entered the zone at .*, proved by the position of .*\.$/).waitFor();
  await why.getByText('Zone entered').waitFor();
  const proof = why.locator('tbody tr.told');
  await proof.getByText('Proved: entered').waitFor();
  await why.locator('tbody tr', { hasText: 'Certain, but confirmation 1 of 2' }).first().waitFor();
  // Another device at another time: far outside, so nothing.
  const at = new Date(START + 20 * MINUTE);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
  await why.getByLabel('Device').selectOption({ label: 'Van late · van-late' });
  await why.getByLabel('At about').fill(local);
  await why.getByRole('button', { name: 'Explain' }).click();
  await why.getByText(/lies 700 m outside the edge, where the device was outside already\.$/).waitFor();
  await why.locator('tr.nearest', { hasText: '700 m outside' }).waitFor();
  // What tells nothing waits behind a button.
  const few = await why.locator('tbody tr').count();
  await why.getByRole('button', { name: 'All 9 positions of that hour' }).click();
  assert.deepEqual([few, await why.locator('tbody tr').count()], [6, 9]);
  await why.getByText('Nothing.', { exact: true }).waitFor();
});

test('who was in a zone or a box of the map, with the way there', async () => {
  await region('Visits').getByRole('link', { name: 'Who sent positions from here' }).click();
  await page.getByRole('heading', { level: 1, name: 'Who was here' }).waitFor();
  const found = region('Devices that sent positions from there');
  await found.locator('tbody tr', { hasText: 'Van late' }).waitFor();
  assert.equal(await found.locator('tbody tr').count(), 3);
  await mapIdle(page);
  const field = (minute) => {
    const at = new Date(START + minute * MINUTE);
    return new Date(at.getTime() - at.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
  };
  await page.getByLabel('From', { exact: true }).fill(field(9));
  await page.getByLabel('To', { exact: true }).fill(field(20));
  await found.locator('tbody tr', { hasText: 'Van late' }).waitFor({ state: 'detached' });
  assert.equal(await found.locator('tbody tr').count(), 1);
  await page.getByRole('button', { name: 'Search what the map shows' }).click();
  await page.waitForURL(/bbox=/);
  await found.locator('tbody tr', { hasText: 'Van by' }).waitFor();
  // A box between two corners that holds nothing.
  await page.getByRole('button', { name: 'Draw a box' }).click();
  const box = await page.locator('.map-canvas').boundingBox();
  await page.mouse.click(box.x + 20, box.y + 60);
  await page.getByText('Click the corner opposite').waitFor();
  await page.mouse.click(box.x + 60, box.y + 100);
  await found.getByText('Nobody was there in this period.').waitFor();
  await page.goto(`${server.origin}/area?zone_id=${zone.id}`);
  await found.getByRole('link', { name: 'Its way of Van by' }).click();
  await page.waitForURL(`**/devices/${devices[1].id}?**`);
  await page.getByText(/^7 positions/).waitFor();
});

test('a zone that is not there says so; on a phone nothing is wider than the screen', async () => {
  await page.goto(`${server.origin}/zones/zon_00000000000000000000000000`);
  await page.getByRole('alert').waitFor();
  await page.setViewportSize(PHONE);
  await page.goto(
    `${server.origin}/zones/${zone.id}?about=${devices[1].id}&at=${new Date(START + 12 * MINUTE).toISOString()}`,
  );
  await page.getByText('Proved: entered').waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  assert.deepEqual(trouble, []);
});

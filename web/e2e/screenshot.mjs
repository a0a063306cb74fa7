// Takes the pictures of the documentation from a running demo:
//   TRACKLANE_URL=http://127.0.0.1:8080 TRACKLANE_EMAIL=… TRACKLANE_PASSWORD=… node e2e/screenshot.mjs [FOLDER]
// With `all` as a second word, every page is taken as well, in light and dark, on a desktop and on a phone, for the eye.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DESKTOP, launch, login, openPage, PHONE } from './browser.mjs';

const { TRACKLANE_URL = 'http://127.0.0.1:8080', TRACKLANE_EMAIL, TRACKLANE_PASSWORD } = process.env;
const folder = process.argv[2] ?? new URL('../../docs/images', import.meta.url).pathname;
const everything = process.argv[3] === 'all';
const origin = new URL(TRACKLANE_URL).origin;
if (!TRACKLANE_EMAIL || !TRACKLANE_PASSWORD) throw new Error('set TRACKLANE_EMAIL and TRACKLANE_PASSWORD');
mkdirSync(folder, { recursive: true });

const browser = await launch();

async function inside(options, run) {
  const { context, page } = await openPage(browser, origin, options);
  await login(page, { origin, email: TRACKLANE_EMAIL, password: TRACKLANE_PASSWORD });
  await run(page, (name, more = {}) => page.screenshot({ path: join(folder, `${name}.png`), ...more }));
  await context.close();
}

/** A map on which somebody always moves is never done drawing: the base and the first positions are, by then. */
async function mapDrawn(page) {
  await page.locator('.map-canvas canvas').waitFor();
  await page.waitForTimeout(8000);
}

/** Asks the API as whoever is logged in. */
const ask = (page, path, method = 'GET', sent = {}) =>
  page.evaluate(
    async ([url, verb, body]) => {
      const headers = { 'content-type': 'application/json' };
      const options = verb === 'GET' ? {} : { method: verb, headers, body: JSON.stringify(body) };
      return (await fetch(url, options)).json();
    },
    [path, method, sent],
  );

/** Zones as a tenant would draw them, around the middle of the fleet. */
async function drawZones(page) {
  const { items } = await ask(page, '/v1/zones?kind=custom&limit=1');
  if (items.length > 0) return;
  const [{ lat, lon }] = (await fromTheMiddle(page)).map(({ point }) => point);
  const corners = [
    [-0.011, -0.004],
    [-0.006, 0.007],
    [0.007, 0.008],
    [0.013, -0.001],
    [0.004, -0.008],
    [-0.011, -0.004],
  ].map(([east, north]) => [lon + east, lat + north]);
  await ask(page, '/v1/zones', 'POST', {
    name: 'Low-emission zone',
    geometry: { type: 'Polygon', coordinates: [corners] },
  });
  const depot = { type: 'Point', coordinates: [lon + 0.032, lat + 0.018] };
  await ask(page, '/v1/zones', 'POST', { name: 'Depot East', geometry: depot, radius_m: 900 });
}

/**
 * A day of a van at the pace of the real world, which a demo does not have: the way of a device nearby, with a stop after each
 * hundred positions. Answers with the id of the van.
 */
async function oneDay(page) {
  let way = [];
  for (const { device_id: id } of (await fromTheMiddle(page)).slice(0, 12)) {
    const { features } = await ask(page, `/v1/devices/${id}/positions?points=true&limit=1000`);
    if (features.length > way.length) way = features;
  }
  const identifier = `van-12-${Date.now()}`;
  const { id } = await ask(page, '/v1/devices', 'POST', { identifier, name: 'Van 12' });
  const rows = [];
  let seconds = 0;
  for (const [index, { geometry, properties }] of way.entries()) {
    const [lon, lat] = geometry.coordinates;
    const { course_deg } = properties;
    const stands = index % 100 === 0;
    for (let turn = 0; turn < (stands ? 8 : 1); turn++) {
      const battery_percent = 96 - Math.round(rows.length / 25);
      const attributes = {
        battery_percent,
        ignition: !stands,
        temperature_c: 4 + Math.round(Math.sin(index / 90) * 15) / 10,
      };
      if (stands && index === 300 && turn === 2) Object.assign(attributes, { alarm: 'door', door_open: true });
      const speed_mps = stands ? 0 : 8.4;
      rows.push({ seconds, row: { device: identifier, lat, lon, speed_mps, course_deg, accuracy_m: 6, attributes } });
      seconds += stands ? 60 : 5;
    }
  }
  const start = Date.now() - (seconds + 60) * 1000;
  const batch = rows.map(({ seconds, row }) => ({ ...row, fix_time: new Date(start + seconds * 1000).toISOString() }));
  // One position that no van could send.
  const odd = {
    ...batch[180],
    lat: batch[180].lat + 1,
    fix_time: new Date(start + rows[180].seconds * 1000 + 2000).toISOString(),
  };
  await ask(page, '/v1/positions/batch', 'POST', batch.toSpliced(181, 0, odd));
  return id;
}

/** The devices, from the middle of the fleet outwards. */
async function fromTheMiddle(page) {
  const { items } = await ask(page, '/v1/positions/latest');
  const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const lat = middle(items.map(({ point }) => point.lat));
  const lon = middle(items.map(({ point }) => point.lon));
  const away = ({ point }) => Math.hypot(point.lat - lat, point.lon - lon);
  return items.toSorted((a, b) => away(a) - away(b));
}

await inside({ colorScheme: 'light', viewport: { width: 1440, height: 900 } }, async (page, shoot) => {
  await drawZones(page);
  await page.goto(`${origin}/`);
  await mapDrawn(page);
  // Long enough for trails to grow; then a driver who has just been heard and carries something.
  await page.waitForTimeout(8000);
  for (const { device_id: id } of await fromTheMiddle(page)) {
    const driver = page.locator(`[data-device="${id}"]`, { hasText: /Moving.*just now/s });
    if ((await driver.count()) === 0) continue;
    await driver.click();
    await page.waitForTimeout(2500);
    // A little further out: the driver with what is around.
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await page.waitForTimeout(3000);
    if ((await driver.count()) > 0) break;
    await page.locator(`[data-device="${id}"]`).click();
  }
  await shoot('live-map');
});

await inside({ colorScheme: 'light', viewport: { width: 1280, height: 800 } }, async (page, shoot) => {
  await page.goto(`${origin}/zones`);
  await mapDrawn(page);
  await page.getByRole('button', { name: 'Edit Low-emission zone' }).click();
  await page.locator('summary', { hasText: 'Rules' }).click();
  await page.waitForTimeout(2500);
  await shoot('zone-editor');
  // The zone in which somebody is: who, and why.
  const { items: zones } = await ask(page, '/v1/zones?kind=custom');
  for (const { id } of zones) {
    const { items: inside } = await ask(page, `/v1/zones/${id}/occupants`);
    if (inside.length === 0) continue;
    const [{ device_id, inside_since }] = inside;
    await page.goto(`${origin}/zones/${id}?about=${device_id}&at=${inside_since}`);
    await mapDrawn(page);
    await shoot('zone');
    break;
  }
  await page.goto(`${origin}/devices/${await oneDay(page)}`);
  await mapDrawn(page);
  const trip = page.getByRole('region', { name: 'Trips and stops' }).getByRole('button', { name: /Trip/ });
  await trip.nth(1).click();
  const slider = page.getByRole('slider', { name: 'Instant' });
  await slider.waitFor();
  const [from, to] = await slider.evaluate(({ min, max }) => [Number(min), Number(max)]);
  await slider.fill(String(Math.round((from + (to - from) * 0.6) / 1000) * 1000));
  await page.waitForTimeout(1500);
  await shoot('device');
});

// The tracking page of a shipment that is on its way, as its recipient sees it on a phone and on a desktop.
await inside({ colorScheme: 'light', viewport: PHONE, deviceScaleFactor: 1 }, async (page, shoot) => {
  const { items } = await ask(page, '/v1/shipments?status=out_for_delivery,in_transit&limit=20');
  for (const { id } of items) {
    const { token } = await ask(page, `/v1/shipments/${id}/links`, 'POST');
    await page.goto(`${origin}/t/${token}`);
    const map = page.locator('[data-tracklane-map]:not([hidden]) canvas');
    // Delivered meanwhile, or not heard of yet: the next one.
    const drawn = await map.waitFor({ timeout: 8000 }).then(
      () => true,
      () => false,
    );
    if (!drawn) continue;
    await page.waitForTimeout(4000);
    await shoot('tracking-page', { fullPage: true });
    await page.setViewportSize({ width: 1000, height: 760 });
    await page.waitForTimeout(1500);
    await shoot('tracking-page-desktop');
    break;
  }
});

const PAGES = {
  map: '/',
  shipments: '/shipments',
  drivers: '/drivers',
  devices: '/drivers?tab=devices',
  customers: '/customers',
  locations: '/places',
  zones: '/zones',
  webhooks: '/webhooks',
  settings: '/settings',
  tracking: '/settings?tab=tracking',
  area: '/area',
  users: '/settings?tab=users',
};

for (const colorScheme of everything ? ['light', 'dark'] : []) {
  for (const [size, viewport] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ]) {
    await inside({ colorScheme, viewport }, async (page, shoot) => {
      const { items } = await ask(page, '/v1/shipments?limit=1');
      const pages = { ...PAGES, ...(items[0] ? { shipment: `/shipments/${items[0].id}` } : {}) };
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(origin + path);
        await page.waitForTimeout(['map', 'zones', 'shipment'].includes(name) ? 4000 : 1200);
        await shoot(`${name}-${size}-${colorScheme}`);
      }
    });
  }
}
await browser.close();

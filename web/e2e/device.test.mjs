// A device's past: its way in a period, what is not believed of it, and the replay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, launch, login, mapIdle, openPage, PHONE } from './browser.mjs';
import { apiOf, startServer } from './server.mjs';

const MINUTE = 60_000;
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 50 * MINUTE;
/** Forty minutes to the north, a fix a minute, some 33 metres each; then a fix from Paris. */
const FIXES = 40;

let server, api, browser, context, page, trouble, device, van, driver;

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  device = await api.post('/v1/devices', { identifier: 'bike-7', name: 'Bike 7' });
  const row = (minute, lat, lon) => ({
    device: 'bike-7',
    fix_time: new Date(START + minute * MINUTE).toISOString(),
    lat,
    lon,
    speed_mps: 5,
    course_deg: 0,
    accuracy_m: 6,
  });
  const way = Array.from({ length: FIXES }, (_, minute) => row(minute, 52.5 + minute * 0.003, 13.4));
  await api.post('/v1/positions/batch', [...way, row(FIXES, 48.85, 2.35)]);
  driver = await api.post('/v1/drivers', { name: 'Ina Roth', duty: 'on_duty' });
  van = await api.post('/v1/devices', { identifier: 'van-8', name: 'Van 8', driver_id: driver.id });
  const depot = { name: 'Depot West', location_type: 'hub', address: { point: { lat: 52.5, lon: 13.2 } } };
  await api.post('/v1/locations', depot);
  const tells = (minute, lat, attributes) => ({
    ...row(minute, lat, 13.2),
    device: 'van-8',
    speed_mps: null,
    attributes,
  });
  // Ten minutes at the depot, ten to the north, fifteen there: the door opens, and somebody calls for help.
  await api.post('/v1/positions/batch', [
    ...Array.from({ length: 10 }, (_, i) => tells(i, 52.5, { battery_percent: 90 - i, ignition: false })),
    ...Array.from({ length: 10 }, (_, i) =>
      tells(10 + i, 52.5 + i * 0.004, { battery_percent: 80 - i, ignition: true }),
    ),
    ...Array.from({ length: 15 }, (_, i) => tells(20 + i, 52.536, i === 5 ? { alarm: 'sos', door_open: true } : {})),
  ]);
  browser = await launch();
  ({ context, page, trouble } = await openPage(browser, server.origin));
  await login(page, server);
});
after(async () => {
  await context?.close();
  await browser?.close();
  await server?.stop();
});

test('the page leads from the list to the way, with what is not believed and why', async () => {
  await page.goto(`${server.origin}/drivers?tab=devices`);
  await page.getByRole('link', { name: 'Bike 7' }).click();
  await page.waitForURL(`**/devices/${device.id}`);
  await page.getByRole('heading', { level: 1, name: 'Bike 7' }).waitFor();
  await mapIdle(page);
  await page.getByText(/^40 positions, 13\.0 km in 39 min, 1 not believed$/).waitFor();
  const reason = page.getByRole('button', { name: 'Too far away for any speed 1' });
  assert.equal(await reason.getAttribute('aria-pressed'), 'true');
  await reason.click();
  assert.equal(await reason.getAttribute('aria-pressed'), 'false');
});

test('the slider says where it was, and the replay moves on', async () => {
  const slider = page.getByRole('slider', { name: 'Instant' });
  await page.getByText('52.50000, 13.40000').waitFor();
  await slider.fill(String(START + 10.5 * MINUTE));
  await page.getByText('52.53150, 13.40000').waitFor();
  await slider.focus();
  await page.keyboard.press('End');
  await page.getByText('52.61700, 13.40000').waitFor();
  await page.getByLabel('Speed').selectOption({ label: '1200 ×' });
  await page.getByRole('button', { name: 'Play' }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  // From the beginning to the end, and there it stops.
  await page.getByRole('button', { name: 'Play' }).waitFor();
  await page.getByText('52.61700, 13.40000').waitFor();
});

test('what is not believed is listed with its reason', async () => {
  await page.goto(`${server.origin}/devices/${device.id}`);
  const doubted = page.getByRole('region', { name: 'Kept, but not believed' });
  const reason = doubted.locator('tbody tr', { hasText: 'It could be reached only faster than is believed.' });
  await reason.getByText('48.85000, 2.35000').waitFor();
  await reason.getByRole('button', { name: /^Show/ }).click();
  await page.getByText('52.61700, 13.40000').waitFor();
  await doubted.getByRole('button', { name: /^Too far away/ }).click();
  await reason.waitFor({ state: 'detached' });
});

test('the trips and stops of a day: one is chosen, seen and replayed by itself', async () => {
  await page.goto(`${server.origin}/devices/${van.id}`);
  const did = page.getByRole('region', { name: 'Trips and stops' });
  await did.getByText(/^1 trip, 4\.0 km in \d+ min;\s+stood\s+\d+ min$/).waitFor();
  await did.getByRole('button', { name: /Stop.*at Depot West/ }).waitFor();
  const slider = page.getByRole('slider', { name: 'Instant' });
  const minutes = async () => {
    const [from, to] = await slider.evaluate(({ min, max }) => [Number(min), Number(max)]);
    return (to - from) / MINUTE;
  };
  assert.equal(await minutes(), 34);
  const trip = did.getByRole('button', { name: /Trip, 4\.0 km/ });
  await trip.click();
  assert.equal(await trip.getAttribute('aria-pressed'), 'true');
  await page.getByText('One trip').waitFor();
  const alone = await minutes();
  assert.ok(alone >= 9 && alone <= 12, `${alone} minutes`);
  await page.getByLabel('Speed').selectOption({ label: '1200 ×' });
  await page.getByRole('button', { name: 'Play' }).click();
  await page.getByText(/^52\.536\d\d, 13\.20000$/).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await minutes(), 34);
  // The day of the first position, by the calendar: there it is, too.
  const day = new Date(START - new Date(START).getTimezoneOffset() * MINUTE).toISOString().slice(0, 10);
  await page.getByLabel('Day', { exact: true }).fill(day);
  await trip.waitFor();
  await page.getByRole('button', { name: 'The day before' }).click();
  await did.getByText('No trips and no stops in this period.').waitFor();
  await page.getByRole('button', { name: 'The next day' }).click();
  await trip.waitFor();
});

test('its state, its driver, its sensors and its alarms', async () => {
  const state = page.getByRole('status', { name: 'State' });
  await state.getByText('Idle', { exact: true }).waitFor();
  await state.getByText(/^has stood for \d+ min$/).waitFor();
  await page.getByText('Ina Roth').waitFor();
  await page.getByText('On duty', { exact: true }).waitFor();
  const sensors = page.getByRole('region', { name: 'Sensors' });
  const battery = sensors.locator('tr', { hasText: 'Battery' });
  await battery.getByText('71 %', { exact: true }).waitFor();
  await battery.getByText('71 % to 90 %').waitFor();
  await sensors.locator('tr', { hasText: 'Door open' }).getByText('Yes').waitFor();
  const alarms = page.getByRole('region', { name: 'Alarms' });
  await alarms.locator('b', { hasText: 'Sos' }).waitFor();
  await alarms.getByRole('button', { name: 'Show Sos' }).click();
  await page.getByText('52.53600, 13.20000').waitFor();
  await api.patch(`/v1/drivers/${driver.id}`, driver.version, { duty: 'off_duty' });
  await page.reload();
  await page.getByText('Off duty', { exact: true }).waitFor();
});

test('a device that was sent away is registered from the list', async () => {
  const knock = await fetch(
    `${server.origin}/osmand?id=stray-1&lat=52.5&lon=13.4&timestamp=${Math.floor(Date.now() / 1000)}`,
  );
  assert.ok(knock.status >= 400);
  await page.goto(`${server.origin}/drivers?tab=devices`);
  const away = page.getByRole('region', { name: 'Sent away' });
  const row = away.locator('tbody tr', { hasText: 'stray-1' });
  await row.getByText('No device has this identifier').waitFor();
  await row.getByRole('button', { name: 'Register this one: stray-1' }).click();
  const dialog = page.getByRole('dialog', { name: 'Register a device' });
  assert.equal(await dialog.getByLabel('Identifier').inputValue(), 'stray-1');
  await dialog.getByLabel('Name').fill('Stray 1');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('link', { name: 'Stray 1' }).waitFor();
  await row.waitFor({ state: 'detached' });
  await page.goto(`${server.origin}/devices/${van.id}`);
});

test('on a phone the same, one below the other', async () => {
  await page.setViewportSize(PHONE);
  await page.getByRole('region', { name: 'Trips and stops' }).getByRole('button', { name: /Trip/ }).click();
  await page.getByText('One trip').waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  await page.setViewportSize(DESKTOP);
  await page.goto(`${server.origin}/devices/${device.id}`);
  await page.getByText(/^40 positions/).waitFor();
});

test('another period is another way, and stands in the address', async () => {
  const field = (minute) => {
    const at = new Date(START + minute * MINUTE);
    return new Date(at.getTime() - at.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
  };
  await page.getByLabel('From', { exact: true }).fill(field(10));
  await page.getByLabel('To', { exact: true }).fill(field(20));
  await page.getByText(/^10 positions, 3\.0 km in 9 min$/).waitFor();
  await page.reload();
  await page.getByText(/^10 positions, 3\.0 km in 9 min$/).waitFor();
  await page.getByRole('button', { name: 'Last day' }).click();
  await page.getByText(/^40 positions/).waitFor();
  await page.goto(`${server.origin}/devices/dev_00000000000000000000000000`);
  await page.getByRole('alert').waitFor();
  assert.deepEqual(trouble, []);
});

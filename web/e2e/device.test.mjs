// A device's past: its way in a period, what is not believed of it, and the replay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, mapIdle, openPage } from './browser.mjs';
import { apiOf, startServer } from './server.mjs';

const MINUTE = 60_000;
const START = Math.floor(Date.now() / MINUTE) * MINUTE - 50 * MINUTE;
/** Forty minutes to the north, a fix a minute, some 33 metres each; then a fix from Paris. */
const FIXES = 40;

let server, api, browser, context, page, trouble, device;

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

// How the tenant's positions are dealt with: what is set holds, and what breaks a rule is said at its field.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, openPage } from './browser.mjs';
import { apiOf, startServer } from './server.mjs';

let server, api, browser, context, page, trouble;

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  browser = await launch();
  ({ context, page, trouble } = await openPage(browser, server.origin));
  await login(page, server);
  await page.goto(`${server.origin}/settings?tab=tracking`);
});
after(async () => {
  await context?.close();
  await browser?.close();
  await server?.stop();
});

const save = () => page.getByRole('button', { name: 'Save' }).click();
const settings = async () => (await api.get('/v1/tenant')).settings;
const wrong = (label) => page.getByLabel(label).and(page.locator('[aria-invalid="true"]'));

test('empty fields say what the server is set to, and the rest of its settings are told', async () => {
  await page.getByText('Empty: 120 s, as the server is set').waitFor();
  await page.getByText('Empty: 900 s, as the server is set').waitFor();
  const fixed = page.getByRole('region', { name: /in the server’s configuration$/ });
  await fixed.locator('tr', { hasText: 'trips.min_stop_seconds' }).getByText('180 s').waitFor();
  await fixed.locator('tr', { hasText: 'filter.max_speed_mps' }).getByText('100 m/s').waitFor();
});

test('what breaks a rule is said at its field, by the server', async () => {
  await page.getByLabel('Offline after (s)').fill('5');
  await page.getByLabel('Reorder window (s)').fill('4000');
  await page.getByLabel('Positions are kept').selectOption({ label: 'For some time' });
  await page.getByLabel('Every position for (days)').fill('0');
  await page.getByLabel('Then thinned, for (months)').fill('2000');
  await save();
  for (const label of ['Offline after (s)', 'Reorder window (s)', 'Every position for (days)', 'Then thinned, for']) {
    await wrong(label).waitFor();
  }
  await page.getByText('must be from 10 to 31536000').waitFor();
  await page.getByLabel('Every position for (days)').fill('');
  await save();
  await wrong('Every position for (days)').waitFor();
  assert.equal((await settings()).position_retention, null);
});

test('what is saved holds: retention, the reorder window, the age of alerts, and when a device is offline', async () => {
  await page.getByLabel('Offline after (s)').fill('10');
  await page.getByLabel('Reorder window (s)').fill('600');
  await page.getByLabel('Oldest alert (s)').fill('1200');
  await page.getByLabel('Every position for (days)').fill('90');
  await page.getByLabel('Then thinned, for (months)').fill('24');
  await save();
  await page.getByText('Saved.').waitFor();
  const saved = await settings();
  assert.deepEqual(saved.position_retention, { raw_days: 90, thinned_seconds: 60, thinned_days: 720 });
  assert.deepEqual(
    [saved.offline_seconds, saved.reorder_window_seconds, saved.idle_seconds, saved.alert_limit_device_seconds],
    [10, 600, null, 1200],
  );
  await page.reload();
  await page.getByLabel('Positions are kept').and(page.locator('select')).waitFor();
  assert.equal(await page.getByLabel('Then thinned, for (months)').inputValue(), '24');
  await page.getByLabel('Positions are kept').selectOption({ label: 'For ever' });
  await page.getByLabel('Offline after (s)').fill('');
  await save();
  await page.getByText('Saved.').waitFor();
  const now = await settings();
  assert.deepEqual([now.position_retention, now.offline_seconds], [null, null]);
  assert.deepEqual(trouble, []);
});

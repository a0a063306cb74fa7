// The public tracking page: complete without JavaScript, alive with it, and with nothing from anywhere else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, PHONE } from './browser.mjs';
import { apiOf, seed, sendFix, startServer } from './server.mjs';

let server, api, data, browser, path;

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  data = await seed(api);
  path = `/t/${data.link.token}`;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('without JavaScript the page says where the shipment is and what happened', async () => {
  const { context, page, trouble } = await openPage(browser, server.origin, {
    javaScriptEnabled: false,
    viewport: PHONE,
  });
  const response = await page.goto(server.origin + path);
  assert.equal(response.status(), 200);
  const text = await page.locator('body').innerText();
  assert.match(text, /E2E-1/);
  assert.match(text, /out for delivery/i);
  assert.ok((await page.locator('[data-tracklane-timeline] li').count()) >= 2);
  assert.equal(await page.locator('[data-tracklane-map]').isVisible(), false);
  assert.match(text, /Each time is local to whoever recorded it, with its offset from UTC\./);
  // A stranger with the link learns a first name, not a whole one.
  assert.doesNotMatch(await page.content(), /Lindqvist/);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('with JavaScript it follows the shipment: position, then delivery', async () => {
  const { context, page, trouble } = await openPage(browser, server.origin, { viewport: PHONE });
  await page.goto(server.origin + path);
  await page.locator('html[data-live="true"]').waitFor();
  await sendFix(api, data.device, 52.535, 13.395);
  await page.locator('[data-tracklane-map]:not([hidden]) canvas').waitFor({ timeout: 20_000 });
  await page
    .locator('[data-tracklane-map] .caption')
    .getByText(/Position/)
    .waitFor();
  const before = await page.locator('[data-tracklane-timeline] li').count();
  await api.post(`/v1/shipments/${data.moving.id}/events`, { status: 'delivered', substatus: 'signed' });
  await page.locator('[data-tracklane-status][data-status="delivered"]').waitFor({ timeout: 15_000 });
  await page
    .locator('[data-tracklane-eta]')
    .getByText(/^Delivered/)
    .waitFor();
  assert.ok((await page.locator('[data-tracklane-timeline] li').count()) > before);
  await page.locator('[data-tracklane-map][hidden]').waitFor({ state: 'attached' });
  assert.deepEqual(trouble, []);
  await context.close();
});

test('every time is in the one zone of the reader, who is told which', async () => {
  const fact = { kind: 'note', raw_text: 'Seen', occurred_at: new Date().toISOString(), offset_seconds: 28_800 };
  await api.post(`/v1/shipments/${data.moving.id}/events`, fact);
  const { context, page, trouble } = await openPage(browser, server.origin, { timezoneId: 'America/St_Johns' });
  await page.goto(server.origin + path);
  await page.locator('html[data-live="true"]').waitFor();
  const times = await page.locator('[data-tracklane-timeline] time').allTextContents();
  assert.ok(times.length >= 2);
  const eta = await page.locator('[data-tracklane-eta]').textContent();
  for (const time of [...times, eta]) assert.match(time, /UTC−0[23]:30$/);
  await page.getByText('All times are in your time zone, America/St Johns.').waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});

test('where the zone of the destination is known, every time is in it, with and without JavaScript', async () => {
  const place = { name: 'Bund 1', address: { city: 'Shanghai', country: 'CN' }, time_zone: 'Asia/Shanghai' };
  const { id } = await api.post('/v1/locations', place);
  const { shipment } = await api.post('/v1/shipments', { reference: 'E2E-FAR', destination_id: id });
  const fact = { kind: 'note', raw_text: 'Seen', occurred_at: new Date().toISOString(), offset_seconds: 3600 };
  await api.post(`/v1/shipments/${shipment.id}/events`, fact);
  const { token } = await api.post(`/v1/shipments/${shipment.id}/links`);
  for (const javaScriptEnabled of [false, true]) {
    const { context, page, trouble } = await openPage(browser, server.origin, {
      javaScriptEnabled,
      timezoneId: 'America/St_Johns',
    });
    await page.goto(`${server.origin}/t/${token}`);
    if (javaScriptEnabled) await page.locator('html[data-live="true"]').waitFor();
    await page.getByText('All times are those of the destination, Asia/Shanghai.').waitFor();
    const times = await page.locator('[data-tracklane-timeline] time').allTextContents();
    assert.ok(times.length > 0);
    for (const time of times) assert.match(time, /UTC\+08:00$/);
    assert.deepEqual(trouble, []);
    await context.close();
  }
});

test('a token that nobody made shows nothing', async () => {
  const { context, page } = await openPage(browser, server.origin);
  const response = await page.goto(`${server.origin}/t/00000000000000000000000000`);
  assert.equal(response.status(), 404);
  await context.close();
});

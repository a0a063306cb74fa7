// axe on every page, in light and dark, on a desktop and on a phone; and no page wider than the screen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { DESKTOP, launch, login, mapIdle, openPage, PHONE } from './browser.mjs';
import { apiOf, seed, sendFix, startServer } from './server.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let server, api, data, browser, state;

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  data = await seed(api);
  const attributes = { battery_percent: 80, alarm: 'sos' };
  data.heard = new Date().toISOString();
  await sendFix(api, data.device, 52.535, 13.395, { attributes });
  browser = await launch();
  const { context, page } = await openPage(browser, server.origin);
  await login(page, server);
  state = await context.storageState();
  await context.close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function check(page, name) {
  // Through the debugger, not as a script of the page: the content security policy stays as it is.
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const result = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return result.violations.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`).join(' | ')}`,
    );
  });
  assert.deepEqual(violations, [], name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name} is ${wide} pixels wider than the screen`);
}

const press = (name) => (page) => page.getByRole('button', { name }).first().click();
const PAGES = [
  { name: 'live map', path: '/', map: true, then: (page) => page.locator('[data-device]').first().click() },
  {
    name: 'active shipments',
    path: '/',
    then: async (page) => {
      await page.getByRole('tab', { name: /Shipments/ }).click();
      await page.locator('[data-shipment]').first().click();
    },
  },
  { name: 'events', path: '/', then: (page) => page.getByRole('tab', { name: /Events/ }).click() },
  { name: 'shipments', path: '/shipments' },
  { name: 'status filter', path: '/shipments?status=assigned', then: (page) => page.locator('summary').click() },
  { name: 'new shipment', path: '/shipments', then: press('New shipment') },
  { name: 'shipment', path: () => `/shipments/${data.failed.id}`, map: true },
  { name: 'record a fact', path: () => `/shipments/${data.failed.id}`, then: press('Record fact') },
  { name: 'no such shipment', path: '/shipments/shp_00000000000000000000000000' },
  { name: 'drivers', path: '/drivers' },
  { name: 'devices', path: '/drivers?tab=devices' },
  { name: 'device', path: () => `/devices/${data.device.id}`, map: true },
  { name: 'vehicles', path: '/drivers?tab=vehicles' },
  { name: 'zone', path: () => `/zones/${data.zone.id}?about=${data.device.id}&at=${data.heard}`, map: true },
  { name: 'area', path: () => `/area?zone_id=${data.zone.id}`, map: true },
  { name: 'tracking settings', path: '/settings?tab=tracking' },
  { name: 'edit driver', path: '/drivers', then: press(/^Edit/) },
  { name: 'add package', path: () => `/shipments/${data.failed.id}`, then: press('Add package') },
  { name: 'add leg', path: () => `/shipments/${data.failed.id}`, then: press('Add leg') },
  { name: 'open return leg', path: () => `/shipments/${data.failed.id}`, then: press('Open return leg') },
  { name: 'customers', path: '/customers' },
  { name: 'edit customer', path: '/customers', then: press(/^Edit/) },
  { name: 'locations', path: '/places' },
  {
    name: 'edit location',
    path: '/places',
    then: async (page) => {
      await press(/^Edit/)(page);
      await mapIdle(page);
    },
  },
  { name: 'zones', path: '/zones', map: true },
  { name: 'new zone', path: '/zones', then: press('New zone') },
  {
    name: 'edit zone',
    path: '/zones',
    then: async (page) => {
      await press(/^Edit/)(page);
      for (const part of ['As GeoJSON', 'Rules', 'Hours', 'Speed limit']) {
        await page.locator('summary', { hasText: part }).click();
      }
      await press('Next corner')(page);
      await press('Add hours')(page);
    },
  },
  { name: 'import zones', path: '/zones', then: press('Import …') },
  { name: 'webhooks', path: '/webhooks' },
  { name: 'replay', path: '/webhooks', then: press(/^Replay/) },
  { name: 'tenant', path: '/settings' },
  { name: 'users', path: '/settings?tab=users' },
  { name: 'keys', path: '/settings?tab=keys' },
  { name: 'new key', path: '/settings?tab=keys', then: press('New API key') },
  { name: 'missing', path: '/nowhere' },
];

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ]) {
    test(`every page, ${colorScheme}, ${size}`, async (t) => {
      const { context, page, trouble } = await openPage(browser, server.origin, {
        storageState: state,
        colorScheme,
        viewport,
      });
      for (const { name, path, map, then } of PAGES) {
        await t.test(name, async () => {
          await page.goto(server.origin + (typeof path === 'function' ? path() : path));
          await page.getByRole('main').waitFor();
          await page.waitForLoadState('networkidle');
          if (map) await mapIdle(page);
          await then?.(page);
          await page.waitForTimeout(150);
          await check(page, name);
        });
      }
      await context.close();
      const stranger = await openPage(browser, server.origin, { colorScheme, viewport });
      for (const [name, path] of [
        ['login', '/login'],
        ['tracking', `/t/${data.link.token}`],
      ]) {
        await t.test(name, async () => {
          await stranger.page.goto(server.origin + path);
          await stranger.page.getByRole('main').waitFor();
          await stranger.page.waitForTimeout(name === 'tracking' ? 2500 : 300);
          await check(stranger.page, name);
        });
      }
      await stranger.context.close();
      assert.deepEqual([...trouble, ...stranger.trouble], []);
    });
  }
}

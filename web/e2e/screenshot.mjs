// Takes the pictures of the README from a running demo:
//   TRACKLANE_URL=http://127.0.0.1:8080 TRACKLANE_EMAIL=… TRACKLANE_PASSWORD=… node e2e/screenshot.mjs [FOLDER]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, login, mapIdle, openPage } from './browser.mjs';

const { TRACKLANE_URL = 'http://127.0.0.1:8080', TRACKLANE_EMAIL, TRACKLANE_PASSWORD } = process.env;
const folder = process.argv[2] ?? 'e2e/shots';
const origin = new URL(TRACKLANE_URL).origin;
if (!TRACKLANE_EMAIL || !TRACKLANE_PASSWORD) throw new Error('set TRACKLANE_EMAIL and TRACKLANE_PASSWORD');
mkdirSync(folder, { recursive: true });

const browser = await launch();
for (const colorScheme of ['light', 'dark']) {
  const { context, page } = await openPage(browser, origin, {
    colorScheme,
    viewport: { width: 1360, height: 800 },
    deviceScaleFactor: 2,
  });
  await login(page, { origin, email: TRACKLANE_EMAIL, password: TRACKLANE_PASSWORD });
  await page.goto(`${origin}/`);
  await mapIdle(page);
  // Long enough for trails to grow.
  await page.waitForTimeout(8000);
  const drivers = page.locator('[data-device].moving');
  if ((await drivers.count()) > 0) {
    await drivers.first().click();
    await page.waitForTimeout(2500);
    // A little further out: the driver with what is around.
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await page.waitForTimeout(2500);
  }
  await page.screenshot({ path: join(folder, `live-map-${colorScheme}.png`) });

  await page.goto(`${origin}/shipments`);
  const first = page.locator('tbody a').first();
  await first.waitFor();
  await page.screenshot({ path: join(folder, `shipments-${colorScheme}.png`) });
  await first.click();
  await page.waitForTimeout(5000);
  await page.screenshot({ path: join(folder, `shipment-${colorScheme}.png`) });
  const link = page.getByRole('link', { name: 'Open the tracking page' }).first();
  if ((await link.count()) > 0) {
    const href = await link.getAttribute('href');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(origin + href);
    await page.waitForTimeout(5000);
    await page.screenshot({ path: join(folder, `tracking-${colorScheme}.png`) });
  }
  await context.close();
}
await browser.close();

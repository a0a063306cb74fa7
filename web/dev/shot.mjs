// node dev/shot.mjs NAME PATH [light|dark] [WIDTHxHEIGHT]: a picture of a page of the stand-in server, for the eye.
import { launch, login, openPage } from '../e2e/browser.mjs';

const origin = process.env.TRACKLANE_URL ?? 'http://127.0.0.1:8390';
const browser = await launch();
for (const shot of process.argv.slice(2)) {
  const [name, path, colorScheme = 'light', size = '1280x800', action = ''] = shot.split('|');
  const [width, height] = size.split('x').map(Number);
  const { context, page, trouble } = await openPage(browser, origin, { colorScheme, viewport: { width, height } });
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(name, message.text()));
  if (!path.startsWith('/t/') && path !== '/login') {
    await login(page, {
      origin,
      email: process.env.TRACKLANE_EMAIL ?? 'admin@tracklane.local',
      password: process.env.TRACKLANE_PASSWORD ?? 'tracklane',
    });
  }
  await page.goto(origin + path);
  await page.waitForTimeout(path === '/' || path.startsWith('/t/') || path.includes('zones') ? 4000 : 1200);
  for (const step of action.split(';').filter(Boolean)) {
    await page.locator(step).first().click();
    await page.waitForTimeout(900);
  }
  await page.screenshot({ path: `e2e/shots/${name}.png` });
  if (trouble.length > 0) console.log(name, trouble);
  await context.close();
}
await browser.close();

// The browser of the end-to-end tests: Chromium, without any way out of our own origin.
import { chromium } from 'playwright-core';

const ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // WebGL by software, so that maps draw on machines without a graphics card.
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });

/**
 * A page that writes down whatever should not happen: requests to foreign origins, errors, and breaches of the content
 * security policy. `trouble` holds them.
 */
export async function openPage(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  context.setDefaultTimeout(15_000);
  const trouble = [];
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    const own = url.origin === origin || ['data:', 'blob:'].includes(url.protocol);
    if (own) return route.continue();
    trouble.push(`foreign request: ${url.href}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) trouble.push(`foreign socket: ${socket.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content.Security.Policy|Uncaught/.test(message.text())) {
      trouble.push(`console: ${message.text()}`);
    }
  });
  return { context, page, trouble };
}

export async function login(page, { origin, email, password }) {
  await page.goto(`${origin}/login`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** Waits until the map has drawn everything it has. */
export const mapIdle = (page) => page.locator('.map-view[data-ready="true"]').waitFor({ timeout: 30_000 });

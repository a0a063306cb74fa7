// The dashboard, driven in a browser against the real server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, mapIdle, openPage, PHONE } from './browser.mjs';
import { apiOf, seed, sendFix, startServer } from './server.mjs';

let server, api, data, browser, state;

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  data = await seed(api);
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

/** Runs in a page of somebody who is logged in; nothing untoward may have happened by the end. */
async function inside(path, run, options = {}) {
  const { context, page, trouble } = await openPage(browser, server.origin, { storageState: state, ...options });
  try {
    await page.goto(server.origin + path);
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    await run(page, trouble);
    assert.deepEqual(trouble, []);
  } finally {
    await context.close();
  }
}

test('logging in: a wrong password is refused, a right one leads to where one wanted to go', async () => {
  const { context, page, trouble } = await openPage(browser, server.origin);
  await page.goto(`${server.origin}/shipments?delayed=true`);
  await page.waitForURL('**/login?next=*');
  await page.getByLabel('E-mail').fill(server.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').getByText('E-mail or password is wrong.').waitFor();
  await page.getByLabel('Password').fill(server.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL('**/shipments?delayed=true');
  await page.locator('[data-state="live"]').first().waitFor();
  const { cookies } = await context.storageState();
  assert.ok(
    cookies.every(
      ({ name, httpOnly, sameSite }) => name !== 'tracklane_session' || (httpOnly && sameSite === 'Strict'),
    ),
  );
  assert.deepEqual(trouble, []);
  await context.close();
});

test('the live map shows a driver who moves, and the list beside it says the same', async () => {
  await sendFix(api, data.device, 52.54, 13.39);
  await inside('/', async (page) => {
    const entry = page.locator(`[data-device="${data.device.id}"]`);
    await entry.getByText('Anna Berg').waitFor();
    await entry.getByText(/Moving, 32 km\/h/).waitFor();
    await mapIdle(page);
    // The only device with a position is what the view was fitted to: it stands in the middle of the map.
    const box = await page.locator('.map-canvas').boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator(`[data-device="${data.device.id}"][aria-expanded="true"]`).waitFor();
    await page.getByText('52.54000, 13.39000').waitFor();
    await page.getByRole('link', { name: 'E2E-1' }).waitFor();
    for (let step = 1; step <= 3; step++) {
      // A device may send once a second.
      await page.waitForTimeout(1200);
      await sendFix(api, data.device, 52.54 - step * 0.0005, 13.39);
    }
    await page.getByText('52.53850, 13.39000').waitFor({ timeout: 10_000 });
    await entry.focus();
    await page.keyboard.press('Enter');
    await page.locator(`[data-device="${data.device.id}"][aria-expanded="false"]`).waitFor();
  });
});

test('beside the map a shipment leads to its driver, else to its place', async () => {
  await sendFix(api, data.device, 52.53, 13.39);
  await inside('/', async (page) => {
    await mapIdle(page);
    const tab = (name) => page.getByRole('tab', { name });
    await tab(/Shipments/).click();
    const panel = page.getByRole('tabpanel');
    const row = (shipment) => panel.locator(`[data-shipment="${shipment.id}"]`);
    await row(data.moving).getByText('Anna Berg').waitFor();
    await panel.getByRole('button', { name: 'Attempt failed 1' }).click();
    await row(data.moving).waitFor({ state: 'detached' });
    await row(data.failed).waitFor();
    await panel.getByRole('button', { name: 'Attempt failed 1' }).click();
    await panel.getByRole('searchbox').fill('anna');
    await row(data.failed).waitFor({ state: 'detached' });
    await row(data.moving).click();
    await panel.getByRole('link', { name: 'Open shipment' }).waitFor();
    await tab(/Fleet/).click();
    await page.locator(`[data-device="${data.device.id}"][aria-expanded="true"]`).waitFor();
    await tab(/Shipments/).click();
    await panel.getByRole('searchbox').fill('');
    await row(data.waiting).getByText('Hub North').waitFor();
    await row(data.waiting).click();
    await tab(/Fleet/).click();
    await page.locator(`[data-device="${data.device.id}"][aria-expanded="false"]`).waitFor();
    // What begins and ends while one looks comes and goes.
    await tab(/Shipments/).click();
    const { shipment } = await api.post('/v1/shipments', { reference: 'E2E-SEEN' });
    await row(shipment).waitFor();
    await api.post(`/v1/shipments/${shipment.id}/cancel`);
    await row(shipment).waitFor({ state: 'detached' });
  });
});

test('events come in as they happen, and a broken connection mends itself without losing any', async () => {
  await inside('/', async (page) => {
    await page.getByRole('tab', { name: /Events/ }).click();
    await page.locator('[data-state="live"]').first().waitFor();
    await api.post('/v1/shipments', { reference: 'E2E-LIVE-1' });
    await page.getByRole('link', { name: 'E2E-LIVE-1' }).first().waitFor();
    await page.context().setOffline(true);
    await page.evaluate(() => dispatchEvent(new Event('offline')));
    await api.post('/v1/shipments', { reference: 'E2E-LIVE-2' });
    await page.context().setOffline(false);
    await page.getByRole('link', { name: 'E2E-LIVE-2' }).first().waitFor({ timeout: 45_000 });
  });
});

test('the feed starts with what happened before the page was opened', async () => {
  await inside('/', async (page) => {
    await page.getByRole('tab', { name: /Events/ }).click();
    const feed = page.getByRole('tabpanel');
    await feed.getByText('Assigned to Ben Okafor').waitFor();
    await feed.getByText('Attempt failed').waitFor();
    assert.ok((await feed.locator('li').count()) >= 7);
  });
});

test('the list filters by status, text and delay, and the address keeps the filter', async () => {
  await inside('/shipments', async (page) => {
    const rows = page.locator('tbody tr');
    await page.getByRole('link', { name: 'E2E-1', exact: true }).waitFor();
    await page.locator('summary').click();
    await page.getByLabel('Attempt failed').check();
    await page.waitForURL('**/shipments?status=attempt_failed');
    await page.getByRole('link', { name: 'E2E-3' }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    await page.reload();
    await page.getByRole('link', { name: 'E2E-3' }).waitFor();
    assert.equal(await rows.count(), 1);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('link', { name: 'E2E-2' }).waitFor();
    await page.getByLabel('Delayed').check();
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    await page.getByLabel('Delayed').uncheck();
    await page.getByRole('searchbox').fill('E2E-2');
    await page.waitForURL('**/shipments?q=E2E-2');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  });
});

test('a shipment is created with the errors of the server at the fields, and then without', async () => {
  await inside('/shipments', async (page) => {
    await page.getByRole('button', { name: 'New shipment' }).click();
    const dialog = page.getByRole('dialog', { name: 'New shipment' });
    await dialog.getByLabel('Reference').fill('E2E-NEW');
    await dialog.getByLabel('Recipient', { exact: true }).fill('Tom Becker');
    await dialog.getByLabel('Weight (kg)').fill('-4');
    await dialog.getByRole('button', { name: 'Create shipment' }).click();
    await dialog.locator('[aria-invalid="true"]').first().waitFor();
    assert.equal(await dialog.getByLabel('Weight (kg)').getAttribute('aria-invalid'), 'true');
    await dialog.getByLabel('Weight (kg)').fill('4');
    await dialog.getByRole('button', { name: 'Create shipment' }).click();
    await page.getByRole('heading', { level: 1, name: 'E2E-NEW' }).waitFor();
    await page.getByText('Tom Becker').waitFor();
  });
});

test('a shipment shows both clocks, takes facts that may follow, and corrections', async () => {
  await inside(`/shipments/${data.waiting.id}`, async (page) => {
    await page.getByRole('heading', { level: 1, name: 'E2E-2' }).waitFor();
    const timeline = page.getByTestId('timeline');
    await page.getByRole('button', { name: 'Record fact' }).click();
    const dialog = page.getByRole('dialog', { name: 'Record a fact' });
    const offered = await dialog.getByLabel('Status', { exact: true }).locator('option').allTextContents();
    assert.ok(offered.includes('Picked up'));
    assert.ok(!offered.includes('Delivered'), 'delivered cannot follow created');
    await dialog.getByLabel('Status', { exact: true }).selectOption('picked_up');
    await dialog.getByLabel('Finer status').selectOption('from_sender');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await timeline.getByText('Picked up').first().waitFor();
    await timeline.getByText('Occurred').first().waitFor();
    await timeline.getByText('Received').first().waitFor();
    // Recorded a moment ago: the second clock says how much later, not the same minute again.
    await timeline
      .getByText(/^(at once|\d+ s later)$/)
      .first()
      .waitFor();
    await page.locator('.page-head').getByText('Picked up').waitFor();

    await page.getByRole('button', { name: 'Correct' }).click();
    const correction = page.getByRole('dialog', { name: 'Correct the status' });
    await correction.getByLabel('Status', { exact: true }).selectOption('in_transit');
    await correction.getByLabel('Why').fill('The scan was of the wrong parcel.');
    await correction.getByRole('button', { name: 'Save' }).click();
    await timeline.getByText('Corrected to in transit').first().waitFor();
  });
});

test('what may not follow is refused with the list of what may', async () => {
  await inside(`/shipments/${data.failed.id}`, async (page) => {
    await page.getByRole('button', { name: 'Record fact' }).click();
    const dialog = page.getByRole('dialog', { name: 'Record a fact' });
    // Meanwhile somebody else ends it: the form offers what the server will not take.
    await page.route('**/v1/shipments/*/events', async (route) => {
      const body = {
        title: 'No',
        status: 409,
        detail: 'picked_up cannot follow attempt_failed',
        allowed: ['in_transit', 'delivered'],
      };
      await route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(body) });
    });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Allowed now: In transit, Delivered.').waitFor();
  });
});

test('a driver is assigned, and a tracking link made and revoked', async () => {
  await inside(`/shipments/${data.waiting.id}`, async (page) => {
    await page.getByRole('button', { name: 'Assign driver' }).click();
    const dialog = page.getByRole('dialog', { name: 'Assign a driver' });
    await dialog.getByLabel('Driver').selectOption({ label: 'Ben Okafor' });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.locator('.facts').getByText('Ben Okafor').waitFor();
    const links = page.getByRole('region', { name: 'Tracking links' });
    await links.getByRole('button', { name: 'New link' }).click();
    await page.getByText('Tracking link made.').waitFor();
    await links.locator('code').first().waitFor();
    const before = await links.locator('code').count();
    await links.getByRole('button', { name: 'Revoke' }).first().click();
    await page.waitForFunction(
      (count) => document.querySelectorAll('section[aria-labelledby="links-title"] code').length === count - 1,
      before,
    );
  });
});

test('a driver, a zone, an endpoint, a user and a key are made through their forms', async () => {
  await inside('/drivers', async (page) => {
    await page.getByRole('button', { name: 'New driver' }).click();
    const dialog = page.getByRole('dialog', { name: 'New driver' });
    await dialog.getByLabel('Name').fill('Clara Vogt');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.locator('tbody b').getByText('Clara Vogt').waitFor();
    await page.getByRole('button', { name: /^Off duty.*Clara Vogt/ }).click();
    await page.getByRole('button', { name: /^On duty.*Clara Vogt/ }).waitFor();
  });
  await inside('/zones', async (page) => {
    await mapIdle(page);
    await page.getByRole('button', { name: 'New zone' }).click();
    await page.getByLabel('Name').fill('Drawn by hand');
    const box = await page.locator('.map-canvas').boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2, { steps: 3 });
    await page.mouse.click(box.x + box.width / 2 + 80, box.y + box.height / 2);
    await page.getByLabel('Radius (m)').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('region', { name: 'Zones' }).locator('b').getByText('Drawn by hand').waitFor();
    await page.getByRole('button', { name: 'New zone' }).click();
    await page.getByText('As GeoJSON').click();
    await page.getByLabel('GeoJSON').fill('{"type":"MultiPoint","coordinates":[]}');
    await page.getByText('A zone is a Polygon, a MultiPolygon, a Point or a LineString, not MultiPoint.').waitFor();
  });
  await inside('/webhooks', async (page) => {
    await page.getByRole('button', { name: 'New endpoint' }).click();
    const dialog = page.getByRole('dialog', { name: 'New endpoint' });
    await dialog.getByLabel('URL').fill('https://93.184.215.14/second');
    await dialog.getByLabel('Event types').fill('shipment.*');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'https://93.184.215.14/second' }).waitFor();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText(/^whsec_/).waitFor();
  });
  await inside('/settings?tab=users', async (page) => {
    await page.getByRole('button', { name: 'New user' }).click();
    const dialog = page.getByRole('dialog', { name: 'New user' });
    await dialog.getByLabel('Name').fill('Vera View');
    await dialog.getByLabel('E-mail').fill('vera@example.com');
    await dialog.getByLabel('Password').fill('a long enough password');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.locator('tbody').getByText('vera@example.com').waitFor();
  });
  await inside('/settings?tab=keys', async (page) => {
    await page.getByRole('button', { name: 'New API key' }).click();
    const dialog = page.getByRole('dialog', { name: 'New API key' });
    await dialog.getByLabel('What it is for').fill('Shop');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByText(/^tlk_/).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Revoke Shop' }).click();
    await page.locator('tbody').getByText('Revoked').waitFor();
  });
});

test('a customer is made with errors at the fields, and changed over what somebody else changed', async () => {
  await inside('/customers', async (page) => {
    await page.getByRole('button', { name: 'New customer' }).click();
    const dialog = page.getByRole('dialog', { name: 'New customer' });
    await dialog.getByLabel('Name').fill('Nadia Petrova');
    await dialog.getByLabel('E-mail').fill('not an address');
    await dialog.getByLabel('Country').fill('Germany');
    await dialog.getByLabel('Latitude, longitude').fill('95, 13');
    await dialog.getByRole('button', { name: 'Create' }).click();
    for (const label of ['E-mail', 'Country', 'Latitude, longitude']) {
      const field = dialog.getByLabel(label);
      await field.and(page.locator('[aria-invalid="true"]')).waitFor();
    }
    await dialog.getByLabel('E-mail').fill('nadia@example.com');
    await dialog.getByLabel('Country').fill('de');
    await dialog.getByLabel('Latitude, longitude').fill('52.5163, 13.3777');
    await dialog.getByRole('button', { name: 'Create' }).click();
    const row = page.locator('tbody tr', { hasText: 'Nadia Petrova' });
    await row.getByText('DE').waitFor();

    await row.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit customer' });
    const { items } = await api.get('/v1/customers?q=Nadia');
    await api.patch(`/v1/customers/${items[0].id}`, items[0].version, { phone: '+49301112233' });
    await edit.getByLabel('Reference').fill('C-77');
    await edit.getByRole('button', { name: 'Save' }).click();
    await edit.getByText('Somebody else changed this in the meantime.').waitFor();
    await edit.getByRole('button', { name: 'Read it again' }).click();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('dialog input')].some(({ value }) => value === '+49301112233'),
    );
    assert.equal(await edit.getByLabel('Reference').inputValue(), 'C-77');
    await edit.getByRole('button', { name: 'Save' }).click();
    await row.getByText('C-77').waitFor();
    await page.getByRole('searchbox').fill('C-77');
    await page.waitForURL('**/customers?q=C-77');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  });
});

test('a location is placed by a click on the map', async () => {
  await inside('/places', async (page) => {
    await page.getByRole('button', { name: 'New location' }).click();
    const dialog = page.getByRole('dialog', { name: 'New location' });
    await mapIdle(page);
    await dialog.getByLabel('Name').fill('Hub South');
    await dialog.getByLabel('Type').selectOption('hub');
    await dialog.getByLabel('Radius (m)').fill('5');
    await dialog.locator('.map-canvas').click({ position: { x: 200, y: 120 } });
    const point = await dialog.getByLabel('Latitude, longitude', { exact: true }).inputValue();
    assert.match(point, /^-?[0-9.]+, -?[0-9.]+$/);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByLabel('Radius (m)').and(page.locator('[aria-invalid="true"]')).waitFor();
    await dialog.getByLabel('Radius (m)').fill('250');
    await dialog.getByRole('button', { name: 'Create' }).click();
    const row = page.locator('tbody tr', { hasText: 'Hub South' });
    await row.getByText('250 m').waitFor();
    const { items } = await api.get('/v1/locations?q=Hub%20South');
    const { lat, lon } = items[0].address.point;
    assert.equal(`${lat}, ${lon}`, point);
  });
});

test('packages and legs are added and changed, and a way back is opened', async () => {
  await inside(`/shipments/${data.failed.id}`, async (page) => {
    const packages = page.getByRole('region', { name: 'Packages' });
    await packages.getByRole('button', { name: 'Add package' }).click();
    const adding = page.getByRole('dialog', { name: 'Add package' });
    await adding.getByLabel('Contents').fill('Vase');
    await adding.getByLabel('Metadata').fill('{"fragile": true, "shelf": "B4"}');
    await adding.getByRole('button', { name: 'Create' }).click();
    const vase = packages.locator('li', { hasText: 'Vase' });
    await vase.getByText('fragile').waitFor();
    await vase.getByRole('button', { name: 'Edit' }).click();
    const editing = page.getByRole('dialog', { name: 'Edit package' });
    await editing.getByLabel('Metadata').fill('{"shelf": "C1"}');
    await editing.getByRole('button', { name: 'Save' }).click();
    await vase.getByText('C1').waitFor();
    assert.equal(await vase.getByText('fragile').count(), 0);
    await vase.getByRole('button', { name: 'Edit' }).click();
    await editing.getByRole('button', { name: 'Remove' }).click();
    await editing.getByRole('button', { name: 'Really?' }).click();
    await vase.waitFor({ state: 'detached' });

    const legs = page.getByRole('region', { name: 'Legs' });
    await legs.getByRole('button', { name: 'Add leg' }).click();
    const leg = page.getByRole('dialog', { name: 'Add leg' });
    await leg.getByLabel('Who carries it').selectOption('carrier');
    await leg.getByRole('button', { name: 'Create' }).click();
    await leg.getByLabel('Carrier').and(page.locator('[aria-invalid="true"]')).waitFor();
    await leg.getByLabel('Carrier').fill('Parcel Post');
    await leg.getByRole('button', { name: 'Create' }).click();
    const added = legs.locator('li', { hasText: 'Parcel Post' });
    await added.getByRole('button', { name: 'Edit' }).click();
    const change = page.getByRole('dialog', { name: 'Edit leg' });
    await change.getByLabel('Who carries it').selectOption('fleet');
    await change.getByLabel('Driver').selectOption({ label: 'Anna Berg' });
    await change.getByRole('button', { name: 'Save' }).click();
    await legs.getByText('Own fleet, Anna Berg').waitFor();

    await page.getByRole('button', { name: 'Open return leg' }).click();
    const back = page.getByRole('dialog', { name: 'Send the shipment back' });
    await back.getByLabel('Reason').selectOption('recipient_refused');
    await back.getByLabel('Driver').selectOption({ label: 'Ben Okafor' });
    await back.getByRole('button', { name: 'Open the way back' }).click();
    await page.locator('.page-head').getByText('Returning').waitFor();
    await legs.locator('li', { hasText: 'Ben Okafor' }).getByText('Return', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Open return leg' }).waitFor({ state: 'detached' });
  });
});

test('on a phone four pages stand in the bar, and "More" shows the others', async () => {
  await inside(
    '/',
    async (page) => {
      const bar = page.getByRole('navigation', { name: 'Main' });
      const seen = () => bar.getByRole('link').filter({ visible: true }).count();
      assert.equal(await seen(), 4);
      const more = bar.getByRole('button', { name: 'More' });
      await more.click();
      assert.equal(await seen(), 8);
      await page.keyboard.press('Escape');
      assert.equal(await seen(), 4);
      await more.click();
      await bar.getByRole('link', { name: 'Settings' }).click();
      await page.waitForURL('**/settings');
      assert.equal(await more.getAttribute('aria-expanded'), 'false');
      const { x, width } = await more.boundingBox();
      assert.ok(x + width <= PHONE.width, 'the bar fits the screen');
    },
    { viewport: PHONE },
  );
});

test('the keyboard goes to the search, from tab to tab, and lets go', async () => {
  await sendFix(api, data.device, 52.53, 13.39);
  await inside('/', async (page) => {
    const entry = page.locator(`[data-device="${data.device.id}"]`);
    await entry.waitFor();
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Search drivers');
    await page.keyboard.type('anna');
    await page.keyboard.press('Tab');
    await entry.focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-device][aria-expanded="true"]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-device][aria-expanded="true"]').waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: /Fleet/ }).focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('#tab-shipments[aria-selected="true"]:focus').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.locator('#tab-events[aria-selected="true"]:focus').waitFor();
  });
});

test('logging out ends the session', async () => {
  const { context, page } = await openPage(browser, server.origin);
  await login(page, server);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/login');
  await page.goto(`${server.origin}/shipments`);
  await page.waitForURL('**/login?next=*');
  await context.close();
});

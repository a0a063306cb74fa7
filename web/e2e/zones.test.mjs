// The zone editor: what is drawn on the map is what the server keeps.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, login, mapIdle, openPage } from './browser.mjs';
import { apiOf, seed, startServer } from './server.mjs';

let server, api, browser, context, page, trouble;

before(async () => {
  server = await startServer();
  api = await apiOf(server);
  await seed(api);
  browser = await launch();
  ({ context, page, trouble } = await openPage(browser, server.origin));
  await login(page, server);
  await page.goto(`${server.origin}/zones`);
  await mapIdle(page);
});
after(async () => {
  await context?.close();
  await browser?.close();
  await server?.stop();
});

const zoneOf = async (name) => (await api.get(`/v1/zones?kind=custom&q=${encodeURIComponent(name)}`)).items[0];
const panel = () => page.getByRole('region', { name: 'Zones' });
const press = (name) => panel().getByRole('button', { name, exact: true }).click();

/** Clicks places of the map, given as pixels from its middle, and closes the shape. */
async function draw(tool, places) {
  await press(tool);
  const { x, y, width, height } = await page.locator('.map-canvas').boundingBox();
  for (const [east, south] of places) {
    await page.mouse.click(x + width / 2 + east, y + height / 2 + south);
    // A map takes two quick clicks for one double click.
    await page.waitForTimeout(350);
  }
  if (tool !== 'Circle') await press('Done');
}

async function save(name) {
  await press('Save');
  await panel().locator('b').getByText(name, { exact: true }).waitFor();
}

const SQUARE = [
  [-120, -120],
  [120, -120],
  [120, 120],
  [-120, 120],
];

test('polygons with a hole, corners that are dragged and removed', async () => {
  await press('New zone');
  await panel().getByLabel('Name').fill('Yard');
  await draw('Polygon', SQUARE);
  await draw('Hole', [
    [-100, 50],
    [-40, 50],
    [-70, 100],
  ]);
  await draw('Another polygon', [
    [180, -40],
    [240, -40],
    [210, 40],
  ]);
  await draw('Hole', [
    [-250, -40],
    [-220, -40],
    [-230, 40],
  ]);
  await panel().getByText('A hole begins inside a polygon.').waitFor();
  await save('Yard');
  const made = await zoneOf('Yard');
  assert.equal(made.geometry.type, 'MultiPolygon');
  assert.deepEqual(
    made.geometry.coordinates.map((rings) => rings.map((ring) => ring.length)),
    [[5, 4], [4]],
  );
  await panel().getByText('Drawn, 2 polygons with a hole').waitFor();

  // A corner is dragged, by the mouse and by the keyboard, and another removed.
  await page.getByRole('button', { name: 'Edit Yard' }).click();
  await page.waitForTimeout(1000);
  await press('Next corner');
  await panel().getByText('Corner 1 of 10').waitFor();
  await page.keyboard.press('ArrowUp');
  await press('Next corner');
  await press('Remove corner');
  await panel().getByText('9 corners').waitFor();
  await save('Yard');
  const changed = await zoneOf('Yard');
  assert.deepEqual(
    changed.geometry.coordinates.map((rings) => rings.map((ring) => ring.length)),
    [[4, 4], [4]],
  );
  assert.ok(changed.geometry.coordinates[0][0][0][1] > made.geometry.coordinates[0][0][0][1], 'moved to the north');
  assert.deepEqual(changed.geometry.coordinates[0][0][0], changed.geometry.coordinates[0][0].at(-1), 'still closed');
});

test('a corner is dragged with the mouse, and the middle of an edge becomes one', async () => {
  await press('New zone');
  await panel().getByLabel('Name').fill('Dragged');
  await draw('Polygon', SQUARE);
  const { x, y, width, height } = await page.locator('.map-canvas').boundingBox();
  const drag = async (from, to) => {
    await page.mouse.move(x + width / 2 + from[0], y + height / 2 + from[1]);
    await page.waitForTimeout(300);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + to[0], y + height / 2 + to[1], { steps: 4 });
    await page.mouse.up();
    await page.waitForTimeout(300);
  };
  await drag([120, 120], [160, 160]);
  await panel().getByText('Corner 3 of 4').waitFor();
  await drag([0, -120], [0, -170]);
  await panel().getByText('Corner 2 of 5').waitFor();
  await save('Dragged');
  const [ring] = (await zoneOf('Dragged')).geometry.coordinates;
  assert.equal(ring.length, 6);
  const [first, top, , dragged] = ring;
  assert.ok(top[1] > first[1], 'the new corner is north of the edge it came from');
  assert.ok(dragged[0] > ring[2][0], 'the dragged corner is east of the one above it');
});

test('a corridor with rules, hours and a speed limit', async () => {
  await press('New zone');
  await panel().getByLabel('Name').fill('Ring road');
  await panel().getByLabel('Reference').fill('Z-RING');
  await draw('Corridor', [
    [-150, 60],
    [0, 0],
    [150, 60],
  ]);
  await panel().getByLabel('Width (m)').fill('80');
  await panel().getByText('Rules', { exact: true }).click();
  await panel().getByLabel('Fixes to enter').fill('3');
  await panel().getByLabel('Least dwell (s)').fill('60');
  await panel().getByLabel('Margin outside (m)').fill('35');
  await panel().getByText('Hours', { exact: true }).click();
  await press('Add hours');
  await press('Saturday');
  await panel().getByLabel('Until').fill('20:30');
  await panel().getByText('Speed limit', { exact: true }).click();
  await panel().getByLabel('Speed limit (km/h)').fill('54');
  await save('Ring road');
  const made = await zoneOf('Ring road');
  assert.equal(made.geometry.type, 'LineString');
  assert.equal(made.geometry.coordinates.length, 3);
  assert.deepEqual([made.width_m, made.reference], [80, 'Z-RING']);
  assert.deepEqual([made.rules.enter.fixes, made.rules.min_dwell_s, made.rules.band_m], [3, 60, 35]);
  assert.deepEqual(made.schedule.windows, [
    { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '08:00', until: '20:30' },
  ]);
  assert.equal(made.speed_limit.limit_mps, 15);
  await panel().getByText('Drawn, corridor of 80 m, at hours, 54 km/h').waitFor();

  // What is emptied has its default again.
  await page.getByRole('button', { name: 'Edit Ring road' }).click();
  await panel().getByText('Rules', { exact: true }).click();
  await panel().getByLabel('Fixes to enter').fill('');
  await panel().getByLabel('Least dwell (s)').fill('');
  await press('Remove hours 1');
  await panel().getByLabel('Speed limit (km/h)').fill('');
  await save('Ring road');
  const changed = await zoneOf('Ring road');
  assert.deepEqual([changed.rules.enter.fixes, changed.rules.min_dwell_s, changed.rules.band_m], [2, 0, 35]);
  assert.deepEqual([changed.schedule, changed.speed_limit], [null, null]);
});

test('a rule out of its range is said at its field', async () => {
  await page.getByRole('button', { name: 'Edit Ring road' }).click();
  await panel().getByText('Rules', { exact: true }).click();
  await panel().getByLabel('Fixes to enter').fill('200');
  await press('Save');
  await panel().getByLabel('Fixes to enter').and(page.locator('[aria-invalid="true"]')).waitFor();
  await press('Cancel');
});

const FILES = {
  'zones.geojson': JSON.stringify({
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature',
        properties: { name: 'From a file', reference: 'F-1', radius_m: 120 },
        geometry: { type: 'Point', coordinates: [13.4, 52.5] },
      },
      { type: 'Feature', properties: { name: 'No radius' }, geometry: { type: 'Point', coordinates: [13.4, 52.5] } },
      {
        type: 'Feature',
        properties: { name: 'Crossed' },
        geometry: {
          type: 'Polygon',
          coordinates: [
            [
              [13, 52],
              [14, 53],
              [14, 52],
              [13, 53],
              [13, 52],
            ],
          ],
        },
      },
    ],
  }),
  'zones.kml': `<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
    <Placemark><name>Harbour</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
      13.1,52.1,0 13.2,52.1,0 13.2,52.2,0 13.1,52.1,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
    <Placemark><name>Canal</name><ExtendedData><Data name="width_m"><value>40</value></Data></ExtendedData>
      <LineString><coordinates>13.1,52.1 13.3,52.2</coordinates></LineString></Placemark>
  </Document></kml>`,
};

test('zones come out of GeoJSON and KML files, each row with its outcome', async () => {
  const choose = async (name) => {
    await press('Import …');
    const buffer = Buffer.from(FILES[name]);
    await page.getByLabel('A GeoJSON or KML file').setInputFiles({ name, mimeType: 'text/plain', buffer });
  };
  const dialog = page.getByRole('dialog', { name: 'Import zones' });
  const row = (name) => dialog.locator('tbody tr', { hasText: name });
  await choose('zones.geojson');
  await dialog.getByText('Would be: 1 created, 0 changed, 0 as they are, 2 refused, 3 in all').waitFor();
  await row('No radius').getByText('/radius_m').waitFor();
  await row('Crossed').getByText('/geometry').waitFor();
  assert.equal(await zoneOf('From a file'), undefined, 'nothing is written yet');
  await dialog.getByRole('button', { name: 'Import 1' }).click();
  await dialog.getByText('1 created, 0 changed, 0 as they were, 2 refused, 3 in all').waitFor();
  await row('From a file').getByText('Created').waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await choose('zones.kml');
  await dialog.getByRole('button', { name: 'Import 2' }).click();
  await dialog.getByText('2 created, 0 changed, 0 as they were, 0 refused, 2 in all').waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  assert.equal((await zoneOf('From a file')).radius_m, 120);
  assert.equal((await zoneOf('Canal')).width_m, 40);
  assert.equal((await zoneOf('Harbour')).geometry.type, 'Polygon');
  assert.deepEqual(trouble, []);
});

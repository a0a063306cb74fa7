import { expect, it } from 'vitest';
import { metresBetween } from '../src/lib/live/positions';
import {
  boxOf,
  circleRing,
  coreOf,
  graticule,
  graticuleStep,
  parseGeometry,
  pointsOf,
  zoneShape,
} from '../src/lib/map/shapes';
import { pointsOfTrack } from '../src/lib/track';

const BERLIN = { lat: 52.52, lon: 13.405 };

it('draws circles that are round, also far north', () => {
  for (const centre of [BERLIN, { lat: 78.2, lon: 15.6 }]) {
    const ring = circleRing(centre, 500);
    expect(ring[0]).toEqual(ring.at(-1));
    for (const [lon, lat] of ring) expect(Math.abs(metresBetween(centre, { lat, lon }) - 500)).toBeLessThan(2);
  }
});

it('needs a radius to draw a point', () => {
  const geometry = { type: 'Point' as const, coordinates: [13.4, 52.5] };
  expect(zoneShape({ geometry, radius_m: null })).toBeNull();
  expect(zoneShape({ geometry, radius_m: 100 })?.type).toBe('Polygon');
});

it('keeps the graticule to a few lines at every zoom', () => {
  for (let zoom = 0; zoom <= 19; zoom++) {
    const degrees = (360 / (512 * 2 ** zoom)) * 1280;
    const half = Math.min(180, degrees / 2);
    const { geometry } = graticule([13 - half, Math.max(-80, 52 - half), 13 + half, Math.min(80, 52 + half)], zoom);
    const lines = (geometry as GeoJSON.MultiLineString).coordinates;
    expect(lines.length).toBeLessThan(45);
    expect(lines.length).toBeGreaterThan(zoom < 18 ? 2 : -1);
  }
  expect(graticuleStep(3)).toBeGreaterThan(graticuleStep(10));
});

it('takes a geometry, a feature or a collection of one, and says what is wrong otherwise', () => {
  const polygon = {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
    ],
  };
  const feature = { type: 'Feature', properties: {}, geometry: polygon };
  for (const value of [polygon, feature, { type: 'FeatureCollection', features: [feature] }]) {
    expect(parseGeometry(JSON.stringify(value))).toEqual({ geometry: polygon });
  }
  const bad = [
    '{',
    '[]',
    'null',
    '{"type":"MultiPoint","coordinates":[]}',
    '{"type":"FeatureCollection","features":[]}',
    '{"type":"Polygon"}',
  ];
  for (const text of bad) expect(parseGeometry(text)).toHaveProperty('error');
});

it('finds boxes and corners', () => {
  expect(boxOf([])).toBeNull();
  expect(boxOf([BERLIN, { lat: 50, lon: 14 }])).toEqual([13.405, 50, 14, 52.52]);
  expect(
    pointsOf({
      type: 'MultiPolygon',
      coordinates: [
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
        [[[5, 6]]],
      ],
    }),
  ).toHaveLength(3);
});

it('leaves the few that are far away out of a view of many', () => {
  const town = Array.from({ length: 48 }, (_, i) => ({ lat: 52.5 + i / 1000, lon: 13.4 + ((i * 7) % 48) / 1000 }));
  const core = coreOf([...town, { lat: 48.1, lon: 11.6 }, { lat: 53.6, lon: 10 }]);
  expect(core.length).toBeGreaterThan(30);
  for (const { lat, lon } of core) expect(lat > 52.4 && lat < 52.6 && lon > 13.3).toBe(true);
  expect(coreOf(town.slice(0, 5))).toHaveLength(5);
});

it('reads tracks as a line, as points, and when there are none', () => {
  const line = {
    type: 'Feature' as const,
    properties: {},
    geometry: {
      type: 'LineString' as const,
      coordinates: [
        [13, 52],
        [14, 53, 40],
      ],
    },
  };
  expect(pointsOfTrack({ features: [line] })).toEqual([
    { lat: 52, lon: 13 },
    { lat: 53, lon: 14 },
  ]);
  expect(pointsOfTrack({ features: [{ type: 'Feature', properties: {}, geometry: null }] })).toEqual([]);
});

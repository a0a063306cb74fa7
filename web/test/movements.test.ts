import { expect, it } from 'vitest';
import { inOrder, placeName, totalsOf } from '../src/lib/movements';
import type { Location, MovementEntry, Zone } from '../src/lib/types';

const movement = (
  kind: MovementEntry['kind'],
  started_at: string,
  duration_s: number,
  distance_m = 0,
): MovementEntry => ({
  kind,
  driver_id: null,
  started_at,
  ended_at: started_at,
  duration_s,
  ongoing: false,
  start: { lat: 0, lon: 0 },
  end: { lat: 0, lon: 0 },
  distance_m,
});

it('puts trips and stops in order, and sums them up', () => {
  const all = [
    movement('trip', '2026-03-01T10:00:00Z', 600, 5000),
    movement('gap', '2026-03-01T10:30:00Z', 7200, 90_000),
    movement('stop', '2026-03-01T09:00:00.5Z', 3600),
    movement('stop', '2026-03-01T10:10:00Z', 1200),
  ];
  expect(inOrder(all).map(({ kind }) => kind)).toEqual(['stop', 'trip', 'stop', 'gap']);
  expect(totalsOf(all)).toEqual({ trips: 1, metres: 5000, driven: 600, stood: 4800 });
});

it('calls a place by the nearest location, else by the smallest zone around it', () => {
  const location = (name: string, lat: number, radius_m: number | null) =>
    ({ name, radius_m, address: { point: { lat, lon: 0 } } }) as unknown as Location;
  const ring = (size: number) => [
    [-size, -size],
    [size, -size],
    [size, size],
    [-size, size],
    [-size, -size],
  ];
  const zone = (name: string, size: number) =>
    ({ name, geometry: { type: 'Polygon', coordinates: [ring(size)] } }) as unknown as Zone;
  const circle = { name: 'Circle', geometry: { type: 'Point', coordinates: [0, 0] }, radius_m: 500 } as unknown as Zone;
  const places = [location('Far', 0.003, null), location('Near', 0.001, null), location('Wide', 0.01, 2000)];
  expect(placeName({ lat: 0.0005, lon: 0 }, places, [circle])).toBe('Near');
  expect(placeName({ lat: 0.006, lon: 0 }, places, [])).toBe('Wide');
  const zones = [zone('Country', 5), zone('Town', 1), circle];
  expect(placeName({ lat: 0, lon: 0.5 }, [], zones)).toBe('Town');
  expect(placeName({ lat: 0.001, lon: 0 }, [], zones)).toBe('Circle');
  expect(placeName({ lat: 0, lon: 9 }, [], zones)).toBeNull();
});

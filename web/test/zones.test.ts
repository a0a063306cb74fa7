import { expect, it } from 'vitest';
import {
  handlesOf,
  shapeText,
  withHole,
  withInserted,
  withMoved,
  withoutCorner,
  withPolygon,
  type ZoneGeometry,
} from '../src/lib/zones';

const at = (lon: number, lat: number) => ({ lat, lon });
const SQUARE = [at(0, 0), at(4, 0), at(4, 4), at(0, 4)];
const square = withPolygon(null, SQUARE) as ZoneGeometry;

it('closes what was drawn, and offers each corner and the middle of each edge', () => {
  expect(square).toEqual({
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
        [0, 0],
      ],
    ],
  });
  const handles = handlesOf(square);
  expect(handles.filter(({ middle }) => !middle)).toHaveLength(4);
  expect(handles.find(({ middle }) => middle)).toEqual({ path: [0, 0, 1], point: at(2, 0), middle: true });
});

it('keeps rings closed while corners move, come and go', () => {
  const moved = withMoved(square, [0, 0, 0], at(-1, -1)) as GeoJSON.Polygon;
  expect(moved.coordinates[0]?.[0]).toEqual([-1, -1]);
  expect(moved.coordinates[0]?.at(-1)).toEqual([-1, -1]);
  const more = withInserted(square, [0, 0, 4], at(0, 2)) as GeoJSON.Polygon;
  expect(more.coordinates[0]).toEqual([...(square as GeoJSON.Polygon).coordinates[0]!.slice(0, 4), [0, 2], [0, 0]]);
  const triangle = withoutCorner(square, [0, 0, 0]) as ZoneGeometry;
  expect(handlesOf(triangle).filter(({ middle }) => !middle)).toHaveLength(3);
  expect(withoutCorner(triangle, [0, 0, 0])).toBeNull();
});

it('cuts a hole into the polygon around it, and none elsewhere', () => {
  const two = withPolygon(square, [at(10, 0), at(14, 0), at(14, 4)]) as ZoneGeometry;
  expect(shapeText({ geometry: two, radius_m: null, width_m: null })).toBe('2 polygons');
  const holed = withHole(two, [at(12.9, 1), at(13.1, 1), at(13, 1.2)]) as GeoJSON.MultiPolygon;
  expect(holed.coordinates.map((rings) => rings.length)).toEqual([1, 2]);
  expect(shapeText({ geometry: holed, radius_m: null, width_m: null })).toBe('2 polygons with a hole');
  expect(withHole(two, [at(7, 7), at(8, 7), at(8, 8)])).toBeNull();
  // A hole of which a corner too many is gone is filled.
  expect(withoutCorner(holed, [1, 1, 0])).toEqual(two);
});

it('changes corridors and circles', () => {
  const line: ZoneGeometry = {
    type: 'LineString',
    coordinates: [
      [0, 0],
      [1, 0],
    ],
  };
  expect(withInserted(line, [1], at(0.5, 0.5))).toEqual({
    type: 'LineString',
    coordinates: [
      [0, 0],
      [0.5, 0.5],
      [1, 0],
    ],
  });
  expect(withoutCorner(line, [0])).toBe(line);
  expect(withMoved({ type: 'Point', coordinates: [0, 0] }, [], at(1, 2))).toEqual({
    type: 'Point',
    coordinates: [1, 2],
  });
});

// Geometry for drawing and for the zone tool. Pure.

import type { Point, Zone } from '../types';

type Ring = [number, number][];

const EARTH_M = 6_371_008.8;
const RAD = Math.PI / 180;

/** The point at a distance and course from another, on the sphere. */
export function destination(from: Point, distanceM: number, courseDeg: number): Point {
  const [lat, lon, course, angle] = [from.lat * RAD, from.lon * RAD, courseDeg * RAD, distanceM / EARTH_M];
  const toLat = Math.asin(Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(course));
  const toLon =
    lon +
    Math.atan2(Math.sin(course) * Math.sin(angle) * Math.cos(lat), Math.cos(angle) - Math.sin(lat) * Math.sin(toLat));
  return { lat: toLat / RAD, lon: toLon / RAD };
}

/** A circle as a closed ring of 64 points. */
export function circleRing(centre: Point, radiusM: number): Ring {
  const ring: Ring = [];
  for (let i = 0; i <= 64; i++) {
    const { lat, lon } = destination(centre, radiusM, (i % 64) * (360 / 64));
    ring.push([lon, lat]);
  }
  return ring;
}

/** A zone as something that can be drawn: an area, or the line of a corridor. */
export function zoneShape({
  geometry,
  radius_m,
}: Pick<Zone, 'geometry' | 'radius_m'>): Exclude<Zone['geometry'], GeoJSON.Point> | null {
  if (geometry.type !== 'Point') return geometry;
  const [lon, lat] = geometry.coordinates;
  if (lon === undefined || lat === undefined || !radius_m) return null;
  return { type: 'Polygon', coordinates: [circleRing({ lat, lon }, radius_m)] };
}

/** From this many points on, a few that are far away are left out of a view. */
const CORE_FROM = 20;

/** The points without those that lie furthest out: the view of a town, not of the one van that left it. */
export function coreOf(points: Point[]): Point[] {
  if (points.length < CORE_FROM) return points;
  const within = (values: number[]): [number, number] => {
    const sorted = values.toSorted((a, b) => a - b);
    const out = Math.ceil(sorted.length * 0.06);
    return [sorted[out] as number, sorted[sorted.length - 1 - out] as number];
  };
  const [south, north] = within(points.map(({ lat }) => lat));
  const [west, east] = within(points.map(({ lon }) => lon));
  return points.filter(({ lat, lon }) => lat >= south && lat <= north && lon >= west && lon <= east);
}

/** Box around points as west, south, east, north; none without points. */
export function boxOf(points: Point[]): [number, number, number, number] | null {
  if (points.length === 0) return null;
  const lats = points.map(({ lat }) => lat);
  const lons = points.map(({ lon }) => lon);
  // No spread: ten thousand arguments are too many for some engines.
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b));
  return [least(lons), least(lats), most(lons), most(lats)];
}

/** Every corner of a geometry. */
export function pointsOf(geometry: Zone['geometry']): Point[] {
  const flat = (coordinates: unknown[]): number[][] =>
    coordinates.flatMap((one) => (Array.isArray((one as unknown[])[0]) ? flat(one as unknown[]) : [one as number[]]));
  return flat([geometry.coordinates]).map(([lon = 0, lat = 0]) => ({ lat, lon }));
}

/** Steps of the graticule, in degrees, coarsest first. */
const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** The step whose lines stand some 90 pixels apart at a zoom (512-pixel tiles). */
export function graticuleStep(zoom: number): number {
  const degreesPerPixel = 360 / (512 * 2 ** zoom);
  const wanted = degreesPerPixel * 90;
  return STEPS.findLast((step) => step >= wanted) ?? 30;
}

/** Meridians and parallels inside a box. */
export function graticule([west, south, east, north]: [number, number, number, number], zoom: number): GeoJSON.Feature {
  const step = graticuleStep(zoom);
  const [s, n] = [Math.max(-85, south), Math.min(85, north)];
  const lines: Ring[] = [];
  const from = (value: number) => Math.ceil(value / step);
  for (let i = from(west); i * step <= east; i++) lines.push(line(i * step, s, n, true));
  for (let i = from(s); i * step <= n; i++) lines.push(line(i * step, west, east, false));
  return { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } };
}

function line(at: number, from: number, to: number, meridian: boolean): Ring {
  return meridian
    ? [
        [at, from],
        [at, to],
      ]
    : [
        [from, at],
        [to, at],
      ];
}

const SHAPES = ['Polygon', 'MultiPolygon', 'Point', 'LineString'];

/** What is wrong with a geometry of this type; nothing when a zone may have it. */
export const notAShape = (type: string): string =>
  SHAPES.includes(type) ? '' : `A zone is a Polygon, a MultiPolygon, a Point or a LineString, not ${type}.`;

/** Reads the geometry that somebody pasted: a geometry, a feature, or a collection with one feature. */
export function parseGeometry(text: string): { geometry: Zone['geometry'] } | { error: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  for (let depth = 0; depth < 3; depth++) {
    const shape = value as { type?: unknown; geometry?: unknown; features?: unknown; coordinates?: unknown } | null;
    if (typeof shape !== 'object' || shape === null) return { error: 'This is not a GeoJSON object.' };
    if (shape.type === 'FeatureCollection') {
      if (!Array.isArray(shape.features) || shape.features.length !== 1) {
        return { error: 'A collection must hold exactly one feature: a zone has one geometry.' };
      }
      value = shape.features[0];
    } else if (shape.type === 'Feature') {
      value = shape.geometry;
    } else if (SHAPES.includes(String(shape.type))) {
      if (!Array.isArray(shape.coordinates)) return { error: 'The geometry has no coordinates.' };
      return { geometry: shape as Zone['geometry'] };
    } else {
      return { error: notAShape(String(shape.type)) };
    }
  }
  return { error: 'The features are nested too deep.' };
}

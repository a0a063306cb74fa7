// The geometry of a zone, corner by corner: what the zone editor does to it. Pure.

import type { Point, Zone } from './types';

export type ZoneGeometry = Zone['geometry'];
type Position = GeoJSON.Position;

/** A place where a geometry can be taken hold of: a corner, or the middle of an edge, where a new one begins. */
export interface Handle {
  /** Where the corner stands in the coordinates; of a middle, where the new corner will. */
  path: number[];
  point: Point;
  middle: boolean;
}

/** A line or ring of a geometry, and where it stands in the coordinates. Rings are closed: the last is the first. */
interface Line {
  path: number[];
  positions: Position[];
  closed: boolean;
}

// Six decimals are a tenth of a metre.
const degrees = (value: number): number => Math.round(value * 1e6) / 1e6;
export const positionOf = ({ lat, lon }: Point): Position => [degrees(lon), degrees(lat)];
const pointOf = ([lon = 0, lat = 0]: Position): Point => ({ lat, lon });
const middleOf = (a: Position, b: Position): Point => {
  const [p, q] = [pointOf(a), pointOf(b)];
  return { lat: (p.lat + q.lat) / 2, lon: (p.lon + q.lon) / 2 };
};

/** The polygons of an area; none for a circle or a corridor. */
export function polygonsOf(geometry: ZoneGeometry | null): Position[][][] {
  if (geometry?.type === 'Polygon') return [geometry.coordinates];
  return geometry?.type === 'MultiPolygon' ? geometry.coordinates : [];
}

/** The smallest geometry of these polygons; none of none. */
function areaOf(polygons: Position[][][]): ZoneGeometry | null {
  const [first, ...others] = polygons.filter((rings) => rings.length > 0);
  if (!first) return null;
  return others.length > 0
    ? { type: 'MultiPolygon', coordinates: [first, ...others] }
    : { type: 'Polygon', coordinates: first };
}

function linesOf(geometry: ZoneGeometry): Line[] {
  if (geometry.type === 'LineString') return [{ path: [], positions: geometry.coordinates, closed: false }];
  return polygonsOf(geometry).flatMap((rings, polygon) =>
    rings.map((positions, ring) => ({ path: [polygon, ring], positions, closed: true })),
  );
}

/** Where a geometry can be taken hold of. A circle has its centre. */
export function handlesOf(geometry: ZoneGeometry): Handle[] {
  if (geometry.type === 'Point') return [{ path: [], point: pointOf(geometry.coordinates), middle: false }];
  return linesOf(geometry).flatMap(({ path, positions, closed }) => {
    const corners = closed ? positions.slice(0, -1) : positions;
    return [
      ...corners.map((position, i) => ({ path: [...path, i], point: pointOf(position), middle: false })),
      ...positions.slice(1).map((position, i) => ({
        path: [...path, i + 1],
        point: middleOf(positions[i] as Position, position),
        middle: true,
      })),
    ];
  });
}

/** The geometry with one line changed. A ring of fewer than three corners is gone, and with an outer one its holes. */
function changed(geometry: ZoneGeometry, path: number[], change: (corners: Position[]) => Position[]) {
  if (geometry.type === 'LineString') {
    const coordinates = change(geometry.coordinates);
    return coordinates.length < 2 ? geometry : { ...geometry, coordinates };
  }
  const [polygon, ring] = path;
  const polygons = polygonsOf(geometry).map((rings, i) => {
    if (i !== polygon) return rings;
    const corners = change((rings[ring as number] as Position[]).slice(0, -1));
    if (corners.length >= 3) return rings.with(ring as number, [...corners, corners[0] as Position]);
    return ring === 0 ? [] : rings.filter((_, j) => j !== ring);
  });
  return areaOf(polygons);
}

/** With a corner somewhere else; of a circle, the centre. */
export function withMoved(geometry: ZoneGeometry, path: number[], to: Point): ZoneGeometry | null {
  if (geometry.type === 'Point') return { type: 'Point', coordinates: positionOf(to) };
  return changed(geometry, path, (corners) => corners.with(path.at(-1) as number, positionOf(to)));
}

export function withInserted(geometry: ZoneGeometry, path: number[], at: Point): ZoneGeometry | null {
  return changed(geometry, path, (corners) => corners.toSpliced(path.at(-1) as number, 0, positionOf(at)));
}

/** Without a corner; none when nothing is left. */
export function withoutCorner(geometry: ZoneGeometry, path: number[]): ZoneGeometry | null {
  return changed(geometry, path, (corners) => corners.toSpliced(path.at(-1) as number, 1));
}

const ringOf = (corners: Point[]): Position[] => [...corners, ...corners.slice(0, 1)].map(positionOf);

/** With one more polygon; a circle or a corridor gives way to it. */
export const withPolygon = (geometry: ZoneGeometry | null, corners: Point[]): ZoneGeometry | null =>
  areaOf([...polygonsOf(geometry), [ringOf(corners)]]);

/** With a hole in the polygon around its first corner; none when there is no such polygon. */
export function withHole(geometry: ZoneGeometry | null, corners: Point[]): ZoneGeometry | null {
  const [first] = corners;
  const polygons = polygonsOf(geometry);
  const around = first ? polygons.findIndex(([outer = []]) => isInside(first, outer)) : -1;
  return around < 0 ? null : areaOf(polygons.with(around, [...(polygons[around] ?? []), ringOf(corners)]));
}

/** Whether a point lies inside a ring: by the edges that a line from it to the east crosses. */
export function isInside({ lat, lon }: Point, ring: Position[]): boolean {
  let inside = false;
  ring.slice(1).forEach((to, i) => {
    const [a, b] = [pointOf(ring[i] as Position), pointOf(to)];
    if (a.lat > lat === b.lat > lat) return;
    if (lon < a.lon + ((b.lon - a.lon) * (lat - a.lat)) / (b.lat - a.lat)) inside = !inside;
  });
  return inside;
}

/** What a zone's shape is called. */
export function shapeText({ geometry, radius_m, width_m }: Pick<Zone, 'geometry' | 'radius_m' | 'width_m'>): string {
  if (geometry.type === 'Point') return `circle of ${Math.round(radius_m ?? 0)} m`;
  if (geometry.type === 'LineString') return `corridor of ${Math.round(width_m ?? 0)} m`;
  const polygons = polygonsOf(geometry);
  const holes = polygons.reduce((sum, rings) => sum + rings.length - 1, 0);
  const text = polygons.length === 1 ? 'polygon' : `${polygons.length} polygons`;
  return holes > 0 ? `${text} with ${holes === 1 ? 'a hole' : `${holes} holes`}` : text;
}

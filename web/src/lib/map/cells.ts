// The finer part of the built-in base map: land and towns by squares of some degrees, fetched where the reader looks
// closely. Written by scripts/basemap.mjs.

import type { Map as MapLibre } from 'maplibre-gl';
import { point, setData } from './sources';

/** Degrees of a cell. */
const CELL = 5;
/** From this zoom on, cells are shown. */
export const CELLS_FROM = 5.5;
/** How many are kept; those that were not looked at for longest go first. */
const MOST = 60;

interface Cell {
  /** Polygons; a ring is its first point and then the distance of each from the one before, in thousandths of a degree. */
  land: number[][][];
  /** Name, longitude and latitude in thousandths of a degree, inhabitants; largest first. */
  towns: [string, number, number, number][];
}

interface Shapes {
  land: GeoJSON.Feature[];
  towns: GeoJSON.Feature[];
}

const file = (name: string): string => `/assets/basemap/cells/${name}.json`;
const read = async <T>(name: string): Promise<T> => (await fetch(file(name))).json() as Promise<T>;

/** A packed ring as coordinates. */
export function unpack(ring: number[]): [number, number][] {
  const points: [number, number][] = [];
  let [x, y] = [0, 0];
  for (let i = 0; i < ring.length; i += 2) {
    x += ring[i] as number;
    y += ring[i + 1] as number;
    points.push([x / 1000, y / 1000]);
  }
  return points;
}

/** The names of the cells that a box touches: `-2_8` begins at 10° west, 40° north. */
export function cellsIn([west, south, east, north]: [number, number, number, number]): string[] {
  const across = 360 / CELL;
  const names: string[] = [];
  for (let x = Math.floor(west / CELL); x <= Math.floor(east / CELL); x++) {
    const around = ((((x + across / 2) % across) + across) % across) - across / 2;
    for (let y = Math.floor(south / CELL); y <= Math.floor(north / CELL); y++) names.push(`${around}_${y}`);
  }
  return [...new Set(names)];
}

function shapesOf(name: string, { land, towns }: Cell): Shapes {
  const [west = 0, south = 0] = name.split('_').map((at) => Number(at) * CELL);
  const square = [
    [west, south],
    [west + CELL, south],
    [west + CELL, south + CELL],
    [west, south + CELL],
    [west, south],
  ];
  const feature = (geometry: GeoJSON.Geometry, kind: string): GeoJSON.Feature => ({
    type: 'Feature',
    properties: { kind },
    geometry,
  });
  return {
    // Water first: the coarser land below must not show where there is none.
    land: [
      feature({ type: 'Polygon', coordinates: [square] }, 'water'),
      feature({ type: 'MultiPolygon', coordinates: land.map((rings) => rings.map(unpack)) }, 'land'),
    ],
    towns: towns.map(([town, lon, lat, inhabitants]) => point(lat / 1000, lon / 1000, { name: town, inhabitants })),
  };
}

let known: Promise<Set<string>> | undefined;
const loaded = new Map<string, Promise<Shapes>>();

async function load(name: string): Promise<Shapes> {
  const before = loaded.get(name);
  const cell = before ?? read<Cell>(name).then((content) => shapesOf(name, content));
  loaded.delete(name);
  loaded.set(name, cell);
  for (const oldest of [...loaded.keys()].slice(0, Math.max(0, loaded.size - MOST))) loaded.delete(oldest);
  return cell;
}

/** Shows the cells in view; what cannot be fetched is left out. */
export async function drawCells(map: MapLibre): Promise<void> {
  if (map.getZoom() < CELLS_FROM) return;
  const bounds = map.getBounds();
  const wanted = cellsIn([bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
  known ??= read<string[]>('index').then((names) => new Set(names));
  try {
    const there = await known;
    const shapes = await Promise.all(wanted.filter((name) => there.has(name)).map(load));
    for (const source of ['land', 'towns'] as const) {
      setData(map, `cell-${source}`, { type: 'FeatureCollection', features: shapes.flatMap((cell) => cell[source]) });
    }
  } catch {
    // The coarse map stays.
    known = undefined;
    for (const name of wanted) loaded.delete(name);
  }
}

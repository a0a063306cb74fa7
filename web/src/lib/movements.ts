// What a device did: its trips, stops and gaps. The reading apart, pure.

import { api } from './api';
import type { Fix } from './history';
import { metresBetween } from './live/positions';
import { boxOf, pointsOf } from './map/shapes';
import type { Location, MovementEntry, Point, Zone } from './types';
import { isInside, polygonsOf } from './zones';

interface Answer {
  items: MovementEntry[];
  has_more: boolean;
}

/** The most that is read of each kind. */
const MOST = 1000;

/** Trips, stops and gaps of a device in a period, oldest first; `more` when there are others. */
export async function readMovements(
  deviceId: string,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<{ movements: MovementEntry[]; more: boolean }> {
  const read = (kind: string) => api.get<Answer>(`/v1/devices/${deviceId}/${kind}`, { from, to, limit: MOST }, signal);
  const [trips, stops] = await Promise.all([read('trips'), read('stops')]);
  return { movements: inOrder([...trips.items, ...stops.items]), more: trips.has_more || stops.has_more };
}

/** By when they began. */
export const inOrder = (movements: MovementEntry[]): MovementEntry[] =>
  movements.toSorted((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));

/** What tells a movement from the others of its device. */
export const keyOf = ({ kind, started_at }: MovementEntry): string => `${kind} ${started_at}`;

/** The positions of a movement, its first and its last one included. */
export function fixesOf(fixes: Fix[], { started_at, ended_at }: MovementEntry): Fix[] {
  const [from, to] = [Date.parse(started_at), Date.parse(ended_at)];
  return fixes.filter(({ at }) => at >= from && at <= to);
}

/** Kilometres and time of all trips, and time of all stops, in seconds. */
export function totalsOf(movements: MovementEntry[]): { trips: number; metres: number; driven: number; stood: number } {
  const totals = { trips: 0, metres: 0, driven: 0, stood: 0 };
  for (const { kind, distance_m, duration_s } of movements) {
    if (kind === 'stop') totals.stood += duration_s;
    if (kind !== 'trip') continue;
    totals.trips += 1;
    totals.metres += distance_m;
    totals.driven += duration_s;
  }
  return totals;
}

/** How near to a location one must be to be at it, in metres, when it has no radius of its own. */
const AT_M = 150;

/** What a place is called: the nearest location around it, else the smallest zone that it lies in; none when nobody named it. */
export function placeName(place: Point, locations: Iterable<Location>, zones: Zone[]): string | null {
  const near = [...locations].flatMap(({ name, address: { point }, radius_m }) => {
    const metres = point ? metresBetween(point, place) : Infinity;
    return metres <= Math.max(radius_m ?? 0, AT_M) ? [{ name, metres }] : [];
  });
  if (near.length > 0) return near.reduce((a, b) => (b.metres < a.metres ? b : a)).name;
  const around = zones.filter((zone) => isIn(place, zone));
  const spread = (zone: Zone) => {
    const [west, south, east, north] = boxOf(pointsOf(zone.geometry)) ?? [0, 0, 0, 0];
    return zone.geometry.type === 'Point' ? (zone.radius_m ?? 0) / 100_000 : Math.max(east - west, north - south);
  };
  return around.toSorted((a, b) => spread(a) - spread(b))[0]?.name ?? null;
}

/** Whether a place lies in a circle or an area; corridors do not count. */
function isIn(place: Point, { geometry, radius_m }: Zone): boolean {
  if (geometry.type === 'Point') {
    const [lon = 0, lat = 0] = geometry.coordinates;
    return metresBetween({ lat, lon }, place) <= (radius_m ?? 0);
  }
  if (geometry.type === 'LineString') return false;
  return polygonsOf(geometry).some(
    ([outer = [], ...holes]) => isInside(place, outer) && !holes.some((hole) => isInside(place, hole)),
  );
}

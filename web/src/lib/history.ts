// What a device did in a period, position by position, and how that is drawn. The reading apart, pure.

import { api } from './api';
import { words } from './lifecycle';
import { metresBetween } from './live/positions';
import type { Attributes, Point } from './types';

/** A position of the past. Instants are milliseconds. */
export interface Fix {
  at: number;
  point: Point;
  speed_mps: number | null;
  course_deg: number | null;
  accuracy_m: number | null;
  /** Why it is not believed; none when it is. */
  mark: string | null;
  /** Everything else that the device said. */
  attributes: Attributes;
}

interface Answer {
  features: GeoJSON.Feature<GeoJSON.Point>[];
  has_more: boolean;
}

/** How many positions are read at most, and how many in one request. */
export const MOST_FIXES = 50_000;
const PAGE = 10_000;
/** A pause longer than this, in milliseconds, ends one line and begins another. */
const PAUSE_MS = 15 * 60_000;
/** How many corners are drawn at most. */
const MOST_CORNERS = 4_000;

const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null);

export function fixOf({ geometry, properties }: GeoJSON.Feature<GeoJSON.Point>): Fix {
  const [lon = 0, lat = 0] = geometry.coordinates;
  const { time, speed_mps, course_deg, accuracy_m, mark, attributes } = (properties ?? {}) as Record<string, unknown>;
  return {
    at: Date.parse(String(time)),
    point: { lat, lon },
    speed_mps: numberOr(speed_mps),
    course_deg: numberOr(course_deg),
    accuracy_m: numberOr(accuracy_m),
    mark: typeof mark === 'string' ? mark : null,
    attributes: (attributes ?? {}) as Attributes,
  };
}

/** The positions of a device in a period, oldest first, marked ones with their reason; `more` when there are others. */
export async function readHistory(
  deviceId: string,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<{ fixes: Fix[]; more: boolean }> {
  const fixes: Fix[] = [];
  let next = from;
  for (;;) {
    const query = { from: next, to, points: true, limit: PAGE };
    const { features, has_more } = await api.get<Answer>(`/v1/devices/${deviceId}/positions`, query, signal);
    const last = String(features.at(-1)?.properties?.time ?? '');
    // The page before ended with the instant that this one begins with.
    const fresh = fixes.length > 0 ? features.filter(({ properties }) => properties?.time !== next) : features;
    for (const feature of fresh) fixes.push(fixOf(feature));
    if (!has_more || last === next || fixes.length >= MOST_FIXES) return { fixes, more: has_more };
    next = last;
  }
}

/** What a mark means: in a few words, and why such a position moves nothing. */
const MARKS: Record<string, [text: string, why: string]> = {
  no_fix: ['Without a fix', 'The message said no place: it is kept where the device last was.'],
  invalid: ['Not valid, says the device', 'The device itself says that the fix is not to be trusted.'],
  null_island: ['At 0, 0', 'Devices that know nothing report exactly 0, 0.'],
  mock: ['Made up by software', 'The phone says that an app made the position up.'],
  inaccurate: ['Too inaccurate', 'The accuracy that the device states is worse than what is believed.'],
  teleport: [
    'Too far away for any speed',
    'It could be reached only faster than is believed. A second position that agrees would have proved it.',
  ],
  static: ['Noise of a device that stands', 'The device stands there: the difference is no more than noise.'],
};
export const markText = (mark: string): string => MARKS[mark]?.[0] ?? words(mark);
export const markWhy = (mark: string): string => MARKS[mark]?.[1] ?? '';

/** How many there are of each mark, most first. */
export function marksOf(fixes: Fix[]): { mark: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { mark } of fixes) if (mark) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  return [...counts].map(([mark, count]) => ({ mark, count })).toSorted((a, b) => b.count - a.count);
}

/** Metres of the way between believed positions, pauses left out. */
export function lengthOf(lines: Fix[][]): number {
  let metres = 0;
  for (const line of lines) {
    line.forEach((fix, i) => {
      const before = line[i - 1];
      if (before) metres += metresBetween(before.point, fix.point);
    });
  }
  return metres;
}

/** Believed positions as lines: each without a long pause. */
export function linesOf(fixes: Fix[]): Fix[][] {
  const lines: Fix[][] = [];
  for (const fix of fixes) {
    if (fix.mark) continue;
    const before = lines.at(-1)?.at(-1);
    if (before && fix.at - before.at <= PAUSE_MS) lines.at(-1)?.push(fix);
    else lines.push([fix]);
  }
  return lines;
}

/** How far a point lies from the straight line between two others, in metres; good enough for a few kilometres. */
function offLine(point: Point, a: Point, b: Point): number {
  const east = Math.cos((a.lat * Math.PI) / 180);
  const [x, y] = [(point.lon - a.lon) * east, point.lat - a.lat];
  const [dx, dy] = [(b.lon - a.lon) * east, b.lat - a.lat];
  const square = dx * dx + dy * dy;
  const share = square > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / square)) : 0;
  return Math.hypot(x - share * dx, y - share * dy) * 111_195;
}

/** A line without the corners that lie within `metres` of the rest (Douglas and Peucker), without recursion. */
export function simplified(line: Point[], metres: number): Point[] {
  const kept = new Set([0, line.length - 1]);
  const open: [number, number][] = [[0, line.length - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [from, to] = span;
    let [farthest, most] = [-1, metres];
    for (let i = from + 1; i < to; i++) {
      const off = offLine(line[i] as Point, line[from] as Point, line[to] as Point);
      if (off > most) [farthest, most] = [i, off];
    }
    if (farthest < 0) continue;
    kept.add(farthest);
    open.push([from, farthest], [farthest, to]);
  }
  return line.filter((_, i) => kept.has(i));
}

/** The lines with as many corners as can be drawn quickly: the more there were, the coarser. */
export function drawable(lines: Fix[][]): Point[][] {
  let drawn = lines.filter((line) => line.length > 1).map((line) => line.map(({ point }) => point));
  const corners = () => drawn.reduce((sum, line) => sum + line.length, 0);
  for (let metres = 2; corners() > MOST_CORNERS && metres < 1000; metres *= 2) {
    drawn = drawn.map((line) => simplified(line, metres));
  }
  return drawn;
}

/** Where a device was at an instant: between the positions before and after, unless it paused. None before the first. */
export function placeAt(believed: Fix[], at: number): { point: Point; fix: Fix } | null {
  let [low, high] = [0, believed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((believed[middle] as Fix).at <= at) low = middle + 1;
    else high = middle;
  }
  const fix = believed[low - 1];
  if (!fix) return null;
  const next = believed[low];
  if (!next || next.at - fix.at > PAUSE_MS) return { point: fix.point, fix };
  const share = (at - fix.at) / (next.at - fix.at);
  const point = {
    lat: fix.point.lat + (next.point.lat - fix.point.lat) * share,
    lon: fix.point.lon + (next.point.lon - fix.point.lon) * share,
  };
  return { point, fix };
}

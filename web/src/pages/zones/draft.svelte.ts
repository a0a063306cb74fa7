// The shape of the zone that is being edited: drawn, dragged, or written as GeoJSON.

import { metresBetween } from '../../lib/live/positions';
import { circleRing, parseGeometry } from '../../lib/map/shapes';
import type { Point, Zone } from '../../lib/types';
import {
  handlesOf,
  positionOf,
  withHole,
  withInserted,
  withMoved,
  withoutCorner,
  withPolygon,
  type Handle,
  type ZoneGeometry,
} from '../../lib/zones';

export type Tool = '' | 'circle' | 'polygon' | 'hole' | 'corridor';

/** From how many corners on a shape can be finished. */
const LEAST: Record<Tool, number> = { '': Infinity, circle: 2, polygon: 3, hole: 3, corridor: 2 };

/** More handles than this would hide the shape and slow the map: it is then changed as text. */
const MOST_HANDLES = 2000;

const keyOf = (path: number[]): string => path.join(' ');

export class ZoneDraft {
  tool = $state<Tool>('');
  text = $state('');
  radius = $state('');
  width = $state('');
  /** What could not be done, in words. */
  trouble = $state('');
  /** The corners of the shape that is being drawn, and where the pointer is. */
  corners = $state.raw<Point[]>([]);
  hover = $state.raw<Point | null>(null);
  /** The corner that is chosen, by its place in the coordinates. */
  chosen = $state.raw<number[] | null>(null);

  #parsed = $derived(this.text.trim() ? parseGeometry(this.text) : null);
  geometry = $derived(this.#parsed && 'geometry' in this.#parsed ? this.#parsed.geometry : null);
  error = $derived(this.#parsed && 'error' in this.#parsed ? this.#parsed.error : '');
  isArea = $derived(this.geometry?.type === 'Polygon' || this.geometry?.type === 'MultiPolygon');

  /** Where the shape can be taken hold of. */
  handles = $derived.by((): Handle[] => {
    const all = this.geometry && !this.tool ? handlesOf(this.geometry) : [];
    return all.length > MOST_HANDLES ? [] : all;
  });
  #ends = $derived(this.handles.filter(({ middle }) => !middle));
  /** How many corners there are, and which one of them is chosen, from 1. */
  count = $derived(this.#ends.length);
  number = $derived(this.#ends.findIndex(({ path }) => this.chosen && keyOf(path) === keyOf(this.chosen)) + 1);
  mayFinish = $derived(this.corners.length >= LEAST[this.tool]);

  constructor(zone: Zone | null) {
    this.text = zone ? JSON.stringify(zone.geometry) : '';
    this.radius = zone?.radius_m ? String(zone.radius_m) : '';
    this.width = zone?.width_m ? String(zone.width_m) : '';
    if (!zone) this.draw('circle');
  }

  /** The shape with its sizes, as the server takes it. */
  get sized(): Pick<Zone, 'geometry' | 'radius_m' | 'width_m'> | null {
    const { geometry } = this;
    if (!geometry) return null;
    const radius_m = geometry.type === 'Point' ? Number(this.radius) || null : null;
    const width_m = geometry.type === 'LineString' ? Number(this.width) || null : null;
    return { geometry, radius_m, width_m };
  }

  /** What is being drawn, as it would be with the pointer where it is. */
  get drawn(): GeoJSON.Geometry | null {
    const [first] = this.corners;
    if (!first || !this.tool) return null;
    if (this.tool === 'circle') {
      const edge = this.hover ?? first;
      return { type: 'Polygon', coordinates: [circleRing(first, Math.max(1, metresBetween(first, edge)))] };
    }
    const line = [...this.corners, ...(this.hover ? [this.hover] : [])].map(positionOf);
    if (this.tool === 'corridor' || line.length < 3) {
      return { type: 'LineString', coordinates: line.length === 1 ? [...line, ...line] : line };
    }
    return { type: 'Polygon', coordinates: [[...line, positionOf(first)]] };
  }

  /** Takes up a tool, or puts it down. */
  draw(tool: Tool): void {
    this.tool = tool === this.tool ? '' : tool;
    this.corners = [];
    this.hover = null;
    this.chosen = null;
    this.trouble = '';
  }

  /** A click on the map while a tool is in hand. */
  click(place: Point): void {
    const last = this.corners.at(-1);
    // The second click of a double click is not another corner.
    if (last && metresBetween(last, place) < 0.5) return;
    this.corners = [...this.corners, place];
    if (this.tool === 'circle' && this.mayFinish) this.finish();
  }

  /** Turns the clicks into a shape. */
  finish(): void {
    if (!this.mayFinish) return;
    const [first, second] = this.corners as [Point, Point];
    let shape: ZoneGeometry | null;
    switch (this.tool) {
      case 'circle':
        this.radius = String(Math.round(metresBetween(first, second)));
        shape = { type: 'Point', coordinates: positionOf(first) };
        break;
      case 'corridor':
        this.width ||= '50';
        shape = { type: 'LineString', coordinates: this.corners.map(positionOf) };
        break;
      case 'hole':
        shape = withHole(this.geometry, this.corners);
        break;
      default:
        shape = withPolygon(this.geometry, this.corners);
    }
    const missed = shape === null;
    this.draw('');
    if (missed) this.trouble = 'A hole begins inside a polygon.';
    else this.#take(shape);
  }

  /** Takes hold of a handle: the middle of an edge becomes a corner. */
  grab({ path, point, middle }: Handle): void {
    if (middle && this.geometry) this.#take(withInserted(this.geometry, path, point));
    this.chosen = path;
  }

  drag(to: Point): void {
    if (this.geometry && this.chosen) this.#take(withMoved(this.geometry, this.chosen, to));
  }

  /** Moves the chosen corner by so many degrees. */
  nudge(east: number, north: number): void {
    const chosen = this.#ends[this.number - 1];
    if (chosen) this.drag({ lat: chosen.point.lat + north, lon: chosen.point.lon + east });
  }

  /** Chooses the next corner, or the one before. */
  step(by: 1 | -1): void {
    const next = (Math.max(0, this.number - (by > 0 ? 0 : 1)) + (by > 0 ? 0 : this.count - 1)) % this.count;
    this.chosen = this.#ends[next]?.path ?? null;
  }

  remove(): void {
    if (!this.geometry || !this.chosen || this.geometry.type === 'Point') return;
    this.#take(withoutCorner(this.geometry, this.chosen));
    this.chosen = null;
  }

  #take(geometry: ZoneGeometry | null): void {
    this.text = geometry ? JSON.stringify(geometry) : '';
  }
}

// Where every device is, and where it is drawn: positions conflate here, so that the map draws at its own pace however
// fast they come. Pure: time is always given.

import type { DeviceLatest, Point } from '../types';

/** How long the drawn place takes to reach a new fix, in milliseconds. */
export const GLIDE_MS = 1500;
/** A jump further than this, in metres, is not a movement: it is drawn at once, and a trail begins anew behind it. */
export const JUMP_M = 2000;
/** How many places a trail keeps. */
export const TRAIL_LENGTH = 240;
/** How long nothing may be heard of a device before it counts as silent, in milliseconds. */
export const SILENT_MS = 10 * 60_000;
/** From this speed on, in metres per second, a device counts as moving. */
export const MOVING_MPS = 0.8;

export type Motion = 'moving' | 'stopped' | 'silent';

export interface Tracked {
  latest: DeviceLatest;
  trail: Point[];
  /** When it was last heard, by this page's clock. */
  heardMs: number;
}

/** A device as it is drawn now. */
export interface Drawn {
  device_id: string;
  driver_id: string | null;
  point: Point;
  course_deg: number;
  motion: Motion;
}

interface Glide {
  from: Point;
  startMs: number;
}

/** What a device does. It is silent by when it was heard, not by its fix: a replayed or delayed fix is heard, too. */
export function motionOf({ latest, heardMs }: Pick<Tracked, 'latest' | 'heardMs'>, nowMs: number): Motion {
  if (nowMs - heardMs > SILENT_MS) return 'silent';
  return (latest.speed_mps ?? 0) >= MOVING_MPS ? 'moving' : 'stopped';
}

/** Metres between two points, good enough for a few kilometres. */
export function metresBetween(a: Point, b: Point): number {
  const rad = Math.PI / 180;
  const x = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  const y = (b.lat - a.lat) * rad;
  return Math.hypot(x, y) * 6_371_008.8;
}

/** Course from one point to another, in degrees clockwise from north. */
export function courseBetween(a: Point, b: Point): number {
  const x = (b.lon - a.lon) * Math.cos(((a.lat + b.lat) / 2) * (Math.PI / 180));
  const degrees = (Math.atan2(x, b.lat - a.lat) * 180) / Math.PI;
  return (degrees + 360) % 360;
}

/** The end of a trail that is one movement. */
export function sinceLastJump(trail: Point[]): Point[] {
  const start = trail.findLastIndex((place, index) => {
    const before = trail[index - 1];
    return before !== undefined && metresBetween(before, place) > JUMP_M;
  });
  return trail.slice(Math.max(0, start));
}

const between = (a: Point, b: Point, share: number): Point => ({
  lat: a.lat + (b.lat - a.lat) * share,
  lon: a.lon + (b.lon - a.lon) * share,
});

export class PositionStore {
  #tracked = new Map<string, Tracked>();
  #glides = new Map<string, Glide>();
  #courses = new Map<string, number>();
  #motions = new Map<string, Motion>();
  /** Devices whose drawing is out of date. */
  #dirty = new Set<string>();
  #dirtyTrails = new Set<string>();

  /** With false, a new fix is drawn where it is, without a glide (prefers-reduced-motion). */
  constructor(public glide = true) {}

  /** Puts what a device did before this page was opened in front of its trail. */
  seedTrail(deviceId: string, before: Point[]): void {
    const tracked = this.#tracked.get(deviceId);
    if (!tracked) return;
    tracked.trail = sinceLastJump([...before, ...tracked.trail]).slice(-TRAIL_LENGTH);
    this.#dirtyTrails.add(deviceId);
  }

  get size(): number {
    return this.#tracked.size;
  }

  get(deviceId: string): Tracked | undefined {
    return this.#tracked.get(deviceId);
  }

  all(): DeviceLatest[] {
    return [...this.#tracked.values()].map(({ latest }) => latest);
  }

  /** What a device does now; one that was never heard is silent. */
  motion(deviceId: string, nowMs: number): Motion {
    const tracked = this.#tracked.get(deviceId);
    return tracked ? motionOf(tracked, nowMs) : 'silent';
  }

  /**
   * Takes a position; `heardMs` is when it came, by this page's clock. False when it is not newer than what is known:
   * it changes nothing.
   */
  apply(latest: DeviceLatest, nowMs: number, heardMs = nowMs): boolean {
    const id = latest.device_id;
    const before = this.#tracked.get(id);
    if (before && Date.parse(before.latest.fix_time) >= Date.parse(latest.fix_time)) return false;
    const drawn = before ? this.#place(id, before.latest, nowMs) : latest.point;
    const distance = before ? metresBetween(before.latest.point, latest.point) : 0;
    const trail = before && distance <= JUMP_M ? before.trail : [];
    const moved = !before || distance > 2;
    this.#tracked.set(id, { latest, heardMs, trail: moved ? [...trail, latest.point].slice(-TRAIL_LENGTH) : trail });
    if (this.glide && before && metresBetween(drawn, latest.point) <= JUMP_M) {
      this.#glides.set(id, { from: drawn, startMs: nowMs });
    } else {
      this.#glides.delete(id);
    }
    // A standing device sends no course, or noise: keep the last one that meant something.
    const course =
      latest.course_deg ?? (before && distance > 5 ? courseBetween(before.latest.point, latest.point) : null);
    if (course !== null && (distance > 2 || !before || latest.course_deg !== null)) this.#courses.set(id, course);
    this.#dirty.add(id);
    if (moved) this.#dirtyTrails.add(id);
    return true;
  }

  /** The devices whose drawing changed since the last call. A gliding device stays on the list until it has arrived. */
  frame(nowMs: number): Drawn[] {
    const changed: Drawn[] = [];
    for (const [id, tracked] of this.#tracked) {
      const { latest } = tracked;
      const motion = motionOf(tracked, nowMs);
      if (!this.#dirty.has(id) && !this.#glides.has(id) && this.#motions.get(id) === motion) continue;
      this.#motions.set(id, motion);
      changed.push(this.#draw(id, latest, motion, nowMs));
    }
    this.#dirty.clear();
    return changed;
  }

  /** Every device as drawn now, for a map that has just been opened. */
  everything(nowMs: number): Drawn[] {
    return [...this.#tracked].map(([id, tracked]) => this.#draw(id, tracked.latest, motionOf(tracked, nowMs), nowMs));
  }

  /** The devices whose trail grew since the last call. */
  changedTrails(): string[] {
    const ids = [...this.#dirtyTrails];
    this.#dirtyTrails.clear();
    return ids;
  }

  #draw(id: string, latest: DeviceLatest, motion: Motion, nowMs: number): Drawn {
    return {
      device_id: id,
      driver_id: latest.driver_id,
      point: this.#place(id, latest, nowMs),
      course_deg: this.#courses.get(id) ?? 0,
      motion,
    };
  }

  #place(id: string, latest: DeviceLatest, nowMs: number): Point {
    const glide = this.#glides.get(id);
    if (!glide) return latest.point;
    const share = (nowMs - glide.startMs) / GLIDE_MS;
    if (share >= 1) {
      this.#glides.delete(id);
      return latest.point;
    }
    return between(glide.from, latest.point, Math.max(0, share));
  }
}

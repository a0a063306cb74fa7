import { describe, expect, it } from 'vitest';
import {
  courseBetween,
  GLIDE_MS,
  metresBetween,
  motionOf,
  PositionStore,
  SILENT_MS,
  TRAIL_LENGTH,
} from '../src/lib/live/positions';
import type { DeviceLatest } from '../src/lib/types';

const START = Date.parse('2026-11-20T08:00:00Z');
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();

function fix(seconds: number, lat: number, lon: number, more: Partial<DeviceLatest> = {}): DeviceLatest {
  return {
    device_id: 'dev_a',
    driver_id: 'drv_a',
    fix_time: at(seconds),
    received_at: at(seconds),
    point: { lat, lon },
    speed_mps: 10,
    course_deg: 90,
    accuracy_m: 5,
    altitude_m: null,
    attributes: {},
    ...more,
  };
}

describe('conflation', () => {
  it('draws one place however many fixes came since the last frame', () => {
    const store = new PositionStore(false);
    for (let i = 0; i < 50; i++) store.apply(fix(i, 52.5 + i / 10_000, 13.4), START);
    const frame = store.frame(START);
    expect(frame).toHaveLength(1);
    expect(frame[0]?.point.lat).toBeCloseTo(52.5049, 6);
    expect(store.frame(START)).toEqual([]);
  });

  it('keeps what it has when an older or equal fix comes late', () => {
    const store = new PositionStore(false);
    store.apply(fix(10, 52.5, 13.4), START);
    expect(store.apply(fix(5, 52.6, 13.4), START)).toBe(false);
    expect(store.apply(fix(10, 52.7, 13.4), START)).toBe(false);
    expect(store.get('dev_a')?.latest.point.lat).toBe(52.5);
    expect(store.get('dev_a')?.trail).toHaveLength(1);
  });

  it('keeps devices apart', () => {
    const store = new PositionStore(false);
    store.apply(fix(0, 52.5, 13.4), START);
    store.apply(fix(0, 48.1, 11.5, { device_id: 'dev_b' }), START);
    store.frame(START);
    store.apply(fix(1, 48.2, 11.5, { device_id: 'dev_b' }), START);
    expect(store.frame(START).map(({ device_id }) => device_id)).toEqual(['dev_b']);
    expect(store.everything(START)).toHaveLength(2);
  });
});

describe('gliding', () => {
  it('moves from the drawn place to the new fix, and then stops changing', () => {
    const store = new PositionStore(true);
    store.apply(fix(0, 52.5, 13.4), START);
    store.frame(START);
    store.apply(fix(1, 52.501, 13.4), START);
    expect(store.frame(START)[0]?.point.lat).toBeCloseTo(52.5, 6);
    expect(store.frame(START + GLIDE_MS / 2)[0]?.point.lat).toBeCloseTo(52.5005, 6);
    expect(store.frame(START + GLIDE_MS)[0]?.point.lat).toBeCloseTo(52.501, 6);
    expect(store.frame(START + GLIDE_MS + 200)).toEqual([]);
  });

  it('does not glide across a jump, nor when motion is not wanted', () => {
    const far = new PositionStore(true);
    far.apply(fix(0, 52.5, 13.4), START);
    far.apply(fix(1, 53.5, 13.4), START);
    expect(far.frame(START)[0]?.point.lat).toBe(53.5);
    const still = new PositionStore(false);
    still.apply(fix(0, 52.5, 13.4), START);
    still.apply(fix(1, 52.501, 13.4), START);
    expect(still.frame(START)[0]?.point.lat).toBe(52.501);
  });

  it('keeps the last course of a device that stands and says none', () => {
    const store = new PositionStore(false);
    store.apply(fix(0, 52.5, 13.4, { course_deg: 215 }), START);
    store.apply(fix(1, 52.5, 13.4, { course_deg: null, speed_mps: 0 }), START);
    expect(store.frame(START)[0]?.course_deg).toBe(215);
  });
});

describe('trails', () => {
  it('are bounded, and do not grow while a device stands', () => {
    const store = new PositionStore(false);
    for (let i = 0; i < TRAIL_LENGTH + 30; i++) store.apply(fix(i, 52.5 + i / 5000, 13.4), START);
    expect(store.get('dev_a')?.trail).toHaveLength(TRAIL_LENGTH);
    expect(store.changedTrails()).toEqual(['dev_a']);
    const { point } = fix(0, 52.5 + (TRAIL_LENGTH + 29) / 5000, 13.4);
    store.apply(fix(9000, point.lat, point.lon), START);
    expect(store.changedTrails()).toEqual([]);
  });

  it('take history in front', () => {
    const store = new PositionStore(false);
    store.apply(fix(0, 52.5, 13.4), START);
    store.seedTrail('dev_a', [
      { lat: 52.4, lon: 13.4 },
      { lat: 52.49, lon: 13.4 },
    ]);
    // What lies before a jump is another movement.
    expect(store.get('dev_a')?.trail.map(({ lat }) => lat)).toEqual([52.49, 52.5]);
  });
});

it('calls a device silent by when it was heard, whatever its speed and its fix time were', () => {
  const heard = (more: Partial<DeviceLatest> = {}) => ({ latest: fix(-9000, 0, 0, more), heardMs: START });
  expect(motionOf(heard(), START)).toBe('moving');
  expect(motionOf(heard({ speed_mps: 0.2 }), START)).toBe('stopped');
  expect(motionOf(heard({ speed_mps: null }), START)).toBe('stopped');
  expect(motionOf(heard(), START + SILENT_MS + 1)).toBe('silent');
  const store = new PositionStore(false);
  expect(store.motion('dev_a', START)).toBe('silent');
  store.apply(fix(-9000, 0, 0), START, START - SILENT_MS - 1);
  expect(store.motion('dev_a', START)).toBe('silent');
  store.apply(fix(-8999, 0, 0), START);
  expect(store.motion('dev_a', START)).toBe('moving');
});

it('redraws a device that falls silent although nothing came', () => {
  const store = new PositionStore(false);
  store.apply(fix(0, 52.5, 13.4), START);
  store.frame(START);
  expect(store.frame(START + SILENT_MS + 1)[0]?.motion).toBe('silent');
});

it('measures distance and course', () => {
  expect(metresBetween({ lat: 52.5, lon: 13.4 }, { lat: 52.5, lon: 13.41 })).toBeCloseTo(676.9, 0);
  expect(courseBetween({ lat: 0, lon: 0 }, { lat: 0, lon: 1 })).toBeCloseTo(90);
  expect(courseBetween({ lat: 0, lon: 0 }, { lat: -1, lon: 0 })).toBeCloseTo(180);
});

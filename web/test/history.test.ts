import { expect, it } from 'vitest';
import { drawable, lengthOf, linesOf, marksOf, placeAt, simplified, type Fix } from '../src/lib/history';

const MINUTE = 60_000;
const fix = (minute: number, lat: number, lon = 0, mark: string | null = null): Fix => ({
  at: minute * MINUTE,
  point: { lat, lon },
  speed_mps: null,
  course_deg: null,
  accuracy_m: null,
  mark,
  attributes: {},
});

it('ends a line where a device paused, and leaves out what is not believed', () => {
  const fixes = [fix(0, 1), fix(1, 1.001), fix(2, 9, 9, 'teleport'), fix(3, 1.002), fix(60, 2), fix(61, 2.001)];
  const lines = linesOf(fixes);
  expect(lines.map((line) => line.length)).toEqual([3, 2]);
  expect(marksOf(fixes)).toEqual([{ mark: 'teleport', count: 1 }]);
  expect(lengthOf(lines)).toBeCloseTo(3 * 111.195, 0);
});

it('says where a device was between two positions, and stays where it was while it paused', () => {
  const believed = [fix(0, 1), fix(2, 3), fix(60, 5)];
  expect(placeAt(believed, -1)).toBeNull();
  expect(placeAt(believed, MINUTE)?.point.lat).toBe(2);
  expect(placeAt(believed, 30 * MINUTE)?.point.lat).toBe(3);
  expect(placeAt(believed, 90 * MINUTE)?.point.lat).toBe(5);
});

it('keeps the corners of a long way and drops what lies on its straight parts', () => {
  const corner = [...Array(100).keys()].map((i) => ({ lat: 0, lon: i * 0.001 }));
  const turn = [...Array(100).keys()].map((i) => ({ lat: (i + 1) * 0.001, lon: 0.099 }));
  expect(simplified([...corner, ...turn], 2)).toEqual([corner[0], corner.at(-1), turn.at(-1)]);
  const long = [...Array(20_000).keys()].map((i) => fix(i / 60, Math.sin(i / 50) * 0.01, i * 0.0001));
  const [drawn] = drawable(linesOf(long));
  expect(drawn!.length).toBeLessThan(4001);
  expect(drawn![0]).toEqual(long[0]!.point);
  expect(drawn!.at(-1)).toEqual(long.at(-1)!.point);
});

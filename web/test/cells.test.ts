import { expect, it } from 'vitest';
import { cellsIn, unpack } from '../src/lib/map/cells';

it('unpacks rings of distances', () => {
  expect(unpack([13400, 52500, 5, -5, -10, 0])).toEqual([
    [13.4, 52.5],
    [13.405, 52.495],
    [13.395, 52.495],
  ]);
});

it('names the cells of a view, also over the antimeridian and around the world', () => {
  expect(cellsIn([-8.7, 41, -8.5, 41.2])).toEqual(['-2_8']);
  expect(cellsIn([-0.1, -0.1, 0.1, 0.1])).toEqual(['-1_-1', '-1_0', '0_-1', '0_0']);
  expect(cellsIn([179, 1, 181, 2])).toEqual(['35_0', '-36_0']);
  expect(cellsIn([-181, 1, -179, 2])).toEqual(['35_0', '-36_0']);
});

import { expect, it } from 'vitest';
import { withQuery } from '../src/lib/api';
import { filterQuery, isFiltered, NO_FILTER, parseFilter } from '../src/lib/filters';
import { routeOf } from '../src/lib/route';

it('goes through the address bar and back unchanged', () => {
  const filter = {
    status: ['in_transit' as const, 'delivered' as const],
    driver_id: 'drv_1',
    q: 'a & b',
    delayed: true,
    active: false,
  };
  const url = withQuery('/shipments', filterQuery(filter));
  expect(parseFilter(url.slice(url.indexOf('?')))).toEqual(filter);
});

it('takes repeated and comma separated statuses, and leaves out unknown words', () => {
  expect(parseFilter('?status=delivered&status=created,lost_in_space').status).toEqual(['created', 'delivered']);
});

it('knows when nothing is filtered', () => {
  expect(isFiltered(NO_FILTER)).toBe(false);
  expect(filterQuery({ ...NO_FILTER, q: '   ' })).toEqual({});
  expect(isFiltered({ ...NO_FILTER, delayed: true })).toBe(true);
});

it('finds the page of a path', () => {
  expect(routeOf('/')).toEqual({ name: 'map', id: '' });
  expect(routeOf('/shipments')).toEqual({ name: 'shipments', id: '' });
  expect(routeOf('/places')).toEqual({ name: 'places', id: '' });
  expect(routeOf('/shipments/shp_1')).toEqual({ name: 'shipment', id: 'shp_1' });
  for (const path of ['/nowhere', '/drivers/x', '/shipments/a/b', '/t/token', '/docs', '/shipments/%E0%A4%A']) {
    expect(routeOf(path).name).toBe('missing');
  }
});

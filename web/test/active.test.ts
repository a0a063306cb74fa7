import { expect, it } from 'vitest';
import { changed, countsByStatus, placeOf, startsOrRevives, withShipment } from '../src/lib/live/active';
import type { Location, LogEvent, Shipment } from '../src/lib/types';

const SHIPMENT = {
  id: 'shp_1',
  status: 'assigned',
  driver_id: 'drv_1',
  origin_id: 'loc_hub',
  destination_id: 'loc_door',
  return_leg: false,
} as Shipment;
const event = (type: string, more: Partial<LogEvent> = {}) =>
  ({ type, shipment_id: 'shp_1', driver_id: null, occurred_at: '2026-03-01T10:00:00Z', data: {}, ...more }) as LogEvent;
const place = (id: string) => ({ id, address: { point: { lat: 1, lon: 2 } } }) as Location;

it('follows status and driver, and drops what has ended', () => {
  const moved = changed(SHIPMENT, event('shipment.status_changed', { data: { status: 'picked_up', delayed: true } }));
  expect(moved).toMatchObject({ status: 'picked_up', delayed: true, status_since: '2026-03-01T10:00:00Z' });
  expect(changed(SHIPMENT, event('driver.unassigned', { driver_id: 'drv_1' })).driver_id).toBeNull();
  // Told in the order of taking over: the driver before is taken off after the next one is there.
  expect(changed(SHIPMENT, event('driver.unassigned', { driver_id: 'drv_0' })).driver_id).toBe('drv_1');
  expect(changed(SHIPMENT, event('driver.assigned', { driver_id: 'drv_2' })).driver_id).toBe('drv_2');
  const one = withShipment(new Map(), SHIPMENT);
  expect([...one.keys()]).toEqual(['shp_1']);
  expect(withShipment(one, { ...SHIPMENT, status: 'delivered' }).size).toBe(0);
});

it('takes in what is new or comes back', () => {
  expect(startsOrRevives(event('shipment.created'))).toBe(true);
  expect(startsOrRevives(event('shipment.status_changed', { data: { status: 'in_transit' } }))).toBe(true);
  expect(startsOrRevives(event('shipment.status_changed', { data: { status: 'delivered' } }))).toBe(false);
  expect(startsOrRevives(event('driver.unassigned'))).toBe(false);
});

it('counts by status in the order of the lifecycle', () => {
  const rows = ['in_transit', 'created', 'in_transit'].map((status) => ({ ...SHIPMENT, status }) as Shipment);
  expect(countsByStatus(rows)).toEqual([
    { status: 'created', count: 1 },
    { status: 'in_transit', count: 2 },
  ]);
});

it('looks for a shipment where it starts, goes, or comes back to', () => {
  const both = new Map(['loc_hub', 'loc_door'].map((id) => [id, place(id)]));
  const at = (more: Partial<Shipment>, known = both) => placeOf({ ...SHIPMENT, ...more }, known)?.id;
  expect(at({})).toBe('loc_hub');
  expect(at({ status: 'in_transit' })).toBe('loc_door');
  expect(at({ status: 'returning', return_leg: true })).toBe('loc_hub');
  expect(at({}, new Map([['loc_door', place('loc_door')]]))).toBe('loc_door');
  expect(at({}, new Map())).toBeUndefined();
});

import { expect, it } from 'vitest';
import { FEED_TYPES, isNoise, sentenceOf, shorten } from '../src/lib/events';
import { newestOf } from '../src/lib/log';
import type { LogEvent } from '../src/lib/types';

const EVENT: LogEvent = {
  id: 'evt_1',
  tenant_id: 'ten_1',
  type: 'shipment.status_changed',
  occurred_at: '2026-03-01T10:00:00Z',
  recorded_at: '2026-03-01T10:00:01Z',
  shipment_id: 'shp_1',
  sequence: 1,
  driver_id: 'drv_1',
  device_id: null,
  zone_id: null,
  endpoint_id: null,
  data: { reference: 'A-1', status: 'out_for_delivery', substatus: 'next_stop' },
};
const NAMES = { driver: () => 'Anna', device: () => 'Van 1' };

it('says what happened, to what', () => {
  expect(sentenceOf(EVENT, NAMES)).toEqual({
    subject: 'A-1',
    text: 'Out for delivery, next stop',
    href: '/shipments/shp_1',
    tone: 'moving',
  });
  expect(sentenceOf({ ...EVENT, type: 'driver.assigned' }, NAMES).text).toBe('Assigned to Anna');
  const zone = { ...EVENT, type: 'zone.entered', shipment_id: null, zone_id: 'zon_1', data: { zone_name: 'Harbour' } };
  expect(sentenceOf(zone, NAMES)).toMatchObject({ subject: 'Anna', text: 'Entered Harbour', href: '/zones/zon_1' });
  const dwelled = { ...zone, type: 'zone.dwelled', data: { zone_name: 'Harbour', inside_s: 1800 } };
  expect(sentenceOf(dwelled, NAMES).text).toBe('In Harbour for 30 min');
  const fast = {
    ...zone,
    type: 'zone.speeding',
    data: { zone_name: 'Harbour', speeding: { limit_mps: 10, peak_mps: 15 } },
  };
  expect(sentenceOf(fast, NAMES)).toMatchObject({ text: 'Too fast in Harbour, 54 km/h', tone: 'problem' });
  const alarm = { ...EVENT, type: 'device.alarm', driver_id: null, device_id: 'dev_1', data: { alarm: 'power_cut' } };
  expect(sentenceOf(alarm, NAMES)).toMatchObject({
    subject: 'Van 1',
    text: 'Alarm: power cut',
    href: '/devices/dev_1',
  });
  expect(sentenceOf({ ...alarm, type: 'device.offline' }, NAMES).text).toBe('Fell silent');
  expect(sentenceOf({ ...EVENT, type: 'carrier.unheard_of' }, NAMES).text).toBe('Carrier unheard of');
});

it('leaves out what another event says as well', () => {
  expect(isNoise(EVENT)).toBe(false);
  expect(isNoise({ ...EVENT, data: { status: 'assigned' } })).toBe(true);
  expect(FEED_TYPES).toContain('driver.assigned');
  expect(FEED_TYPES).not.toContain('shipment.delivered');
});

it('starts with the last entries, newest first', () => {
  const entries = ['a', 'b', 'c'].map((id) => ({ id: `0-${id}`, event: { ...EVENT, id } }));
  expect(newestOf(entries, 2).map(({ id }) => id)).toEqual(['c', 'b']);
  expect(newestOf([], 2)).toEqual([]);
});

it('keeps both ends of a long reference', () => {
  expect(shorten('A-1')).toBe('A-1');
  expect(shorten('run-ec7ff73b-porto-1372644406620000154')).toBe('run-ec7ff7…44406620000154');
});

import { expect, it } from 'vitest';
import type { Fix } from '../src/lib/history';
import { sensorName, sensorsOf, sensorText, sparkline } from '../src/lib/sensors';

const said = (at: number, attributes: Fix['attributes']): Fix => ({
  at,
  point: { lat: 0, lon: 0 },
  speed_mps: null,
  course_deg: null,
  accuracy_m: null,
  mark: null,
  attributes,
});

it('calls sensors by their thing, and values by their unit', () => {
  expect(sensorName('battery_percent')).toBe('Battery');
  expect(sensorName('temperature_2_c')).toBe('Temperature 2');
  expect(sensorName('ignition')).toBe('Ignition');
  expect(sensorText('battery_percent', 81)).toBe('81 %');
  expect(sensorText('odometer_m', 12_345)).toBe('12.3 km');
  expect(sensorText('odometer_m', 345)).toBe('345 m');
  expect(sensorText('engine_hours_s', 11_100)).toBe('3 h 5 min');
  expect(sensorText('door_open', false)).toBe('No');
  expect(sensorText('driver', 'A-7')).toBe('A-7');
  expect(sensorText('io', { a: 1 })).toBe('{"a":1}');
  expect(sensorText('io', null)).toBe('–');
});

it('knows the last word on each thing, and numbers over time; alarms are told elsewhere', () => {
  const sensors = sensorsOf([
    said(1, { battery_percent: 90, ignition: true, alarm: 'sos' }),
    said(2, { battery_percent: 80 }),
    said(3, { ignition: false }),
  ]);
  expect(sensors.map(({ name, value, at }) => [name, value, at])).toEqual([
    ['battery_percent', 80, 2],
    ['ignition', false, 3],
  ]);
  expect(sensors[0]?.series).toHaveLength(2);
  expect(sparkline(sensors[0]!.series, 100, 20)).toBe('0.0,0.0 100.0,20.0');
  expect(sparkline([{ at: 1, value: 5 }], 100, 20)).toBe('');
  const many = [...Array(1000).keys()].map((at) => ({ at, value: 7 }));
  expect(sparkline(many, 100, 20).split(' ').length).toBeLessThanOrEqual(101);
});

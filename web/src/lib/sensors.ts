// What devices measure, in words. Pure.

import type { Fix } from './history';
import { words } from './lifecycle';
import { spanText } from './time';

/** The ends of names that say a unit, and how it is written. The longer ones come first. */
const UNITS: [end: string, unit: string][] = [
  ['_percent', '%'],
  ['_kpa', 'kPa'],
  ['_rpm', 'rpm'],
  ['_mps', 'm/s'],
  ['_deg', '°'],
  ['_c', '°C'],
  ['_v', 'V'],
  ['_a', 'A'],
  ['_l', 'l'],
  ['_m', 'm'],
  ['_s', 's'],
];

const unitOf = (name: string) => UNITS.find(([end]) => name.endsWith(end));

/** What an attribute is called: "Battery" for `battery_percent`. */
export function sensorName(name: string): string {
  const unit = unitOf(name);
  return words(unit ? name.slice(0, -unit[0].length) : name);
}

/** A value with its unit: "81 %", "12.4 km", "3 h 5 min", "Yes". */
export function sensorText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (value === null || value === undefined) return '–';
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value !== 'number') return String(value);
  const unit = unitOf(name)?.[1];
  if (unit === 's') return spanText(value);
  if (unit === 'm' && Math.abs(value) >= 1000)
    return `${(value / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} km`;
  const number = value.toLocaleString('en', { maximumFractionDigits: 2 });
  return unit ? `${number} ${unit}` : number;
}

export interface Sensor {
  name: string;
  /** What it said last, and when, in milliseconds. */
  value: unknown;
  at: number;
  /** Its numbers over time. */
  series: { at: number; value: number }[];
}

/** What the positions say besides the place, by name; alarms are told elsewhere. */
export function sensorsOf(fixes: Fix[]): Sensor[] {
  const all = new Map<string, Sensor>();
  for (const { at, attributes } of fixes) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name === 'alarm') continue;
      const sensor = all.get(name) ?? { name, value, at, series: [] };
      [sensor.value, sensor.at] = [value, at];
      if (typeof value === 'number') sensor.series.push({ at, value });
      all.set(name, sensor);
    }
  }
  return [...all.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The points of a line for a picture of this size: at most one per pixel, lowest at the bottom. */
export function sparkline(series: Sensor['series'], width: number, height: number): string {
  if (series.length < 2) return '';
  const step = Math.max(1, Math.ceil(series.length / width));
  const some = series.filter((_, i) => i % step === 0 || i === series.length - 1);
  const values = some.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [some[0]?.at ?? 0, some.at(-1)?.at ?? 0];
  const x = (at: number) => (to > from ? ((at - from) / (to - from)) * width : 0);
  const y = (value: number) => (high > low ? height - ((value - low) / (high - low)) * height : height / 2);
  return some.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
}

// Addresses: as fields of a form, and as lines to read. Pure.

import type { FieldSpec } from './record';
import type { Address } from './types';

/** The fields of a record that has an `address`; its point last. */
export const ADDRESS_FIELDS: FieldSpec[] = [
  { name: 'address/line1', label: 'Street and number' },
  { name: 'address/line2', label: 'Flat, floor, company' },
  { name: 'address/postal_code', label: 'Postal code' },
  { name: 'address/city', label: 'City' },
  { name: 'address/state', label: 'State or region' },
  { name: 'address/country', label: 'Country', kind: 'country', hint: 'Two letters, such as DE' },
  { name: 'address/point', label: 'Latitude, longitude', kind: 'point', hint: '52.5163, 13.3777' },
];

/** An address as lines, without those that say nothing. */
export function addressLines({ line1, line2, postal_code, city, country }: Address): string[] {
  const town = [postal_code, city].filter(Boolean).join(' ');
  return [line1, line2, town, country].filter((line): line is string => Boolean(line));
}

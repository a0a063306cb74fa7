// Where a shipment starts or ends, as a form holds it: a place that is known, or a new address.

import { parsePoint } from '../lib/record';
import { orNull } from '../lib/ui/form.svelte';

export interface End {
  id: string;
  name: string;
  line1: string;
  city: string;
  postal: string;
  country: string;
  point: string;
}

export function newEnd(): End {
  const end = $state<End>({ id: '', name: '', line1: '', city: '', postal: '', country: '', point: '' });
  return end;
}

/** The fields under which the server may speak of an end that this form shows. */
export const shownPointers = (under: string): string[] => [
  `${under}_id`,
  ...['name', 'address/line1', 'address/city', 'address/postal_code', 'address/country', 'address/point'].map(
    (name) => `${under}/${name}`,
  ),
];

/** The part of a request that says where: `origin_id`, `origin`, or nothing when the form is empty. */
export function endOf(name: string, end: End): Record<string, unknown> {
  if (end.id) return { [`${name}_id`]: end.id };
  const filled = [end.name, end.line1, end.city, end.postal, end.country, end.point].some((text) => text.trim());
  if (!filled) return {};
  return {
    [name]: {
      name: end.name.trim() || [end.line1, end.city].filter(Boolean).join(', '),
      location_type: 'address',
      address: {
        line1: orNull(end.line1),
        city: orNull(end.city),
        postal_code: orNull(end.postal),
        country: orNull(end.country.toUpperCase()),
        point: parsePoint(end.point),
      },
    },
  };
}

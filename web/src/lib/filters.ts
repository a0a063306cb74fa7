// The filter of the shipment list and its form in the address bar.

import { ALL_STATUSES } from './lifecycle';
import type { Status } from './types';

export interface ShipmentFilter {
  status: Status[];
  driver_id: string;
  q: string;
  delayed: boolean;
  active: boolean;
}

export const NO_FILTER: ShipmentFilter = { status: [], driver_id: '', q: '', delayed: false, active: false };

/** Reads a filter from a query text; words that are no status are left out. */
export function parseFilter(search: string): ShipmentFilter {
  const params = new URLSearchParams(search);
  const words = params.getAll('status').flatMap((text) => text.split(','));
  return {
    status: ALL_STATUSES.filter((status) => words.includes(status)),
    driver_id: params.get('driver_id') ?? '',
    q: params.get('q') ?? '',
    delayed: params.get('delayed') === 'true',
    active: params.get('active') === 'true',
  };
}

/** The query of the API for a filter; also what stands in the address bar. */
export function filterQuery(filter: ShipmentFilter): Record<string, string> {
  const query: Record<string, string> = {};
  if (filter.status.length > 0) query.status = filter.status.join(',');
  if (filter.driver_id) query.driver_id = filter.driver_id;
  if (filter.q.trim()) query.q = filter.q.trim();
  if (filter.delayed) query.delayed = 'true';
  if (filter.active) query.active = 'true';
  return query;
}

export const isFiltered = (filter: ShipmentFilter): boolean => Object.keys(filterQuery(filter)).length > 0;

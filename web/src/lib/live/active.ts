// The shipments that are under way, kept up to date by the events that come in. Pure.

import { ALL_STATUSES, isActive, STATUSES } from '../lifecycle';
import type { Location, LogEvent, Shipment, Status, StatusChange } from '../types';

export type Shipments = ReadonlyMap<string, Shipment>;

/** What an event makes of a shipment; the same one when it says nothing that a list shows. */
export function changed(shipment: Shipment, event: LogEvent): Shipment {
  switch (event.type) {
    case 'shipment.status_changed': {
      const { status, substatus, reason, delayed, attempts, return_leg } = event.data as unknown as StatusChange;
      return { ...shipment, status, substatus, reason, delayed, attempts, return_leg, status_since: event.occurred_at };
    }
    case 'driver.assigned':
      return { ...shipment, driver_id: event.driver_id };
    case 'driver.unassigned':
      return shipment.driver_id === event.driver_id ? { ...shipment, driver_id: null } : shipment;
    default:
      return shipment;
  }
}

/** The shipments after one of them has changed: one that has ended is gone. */
export function withShipment(shipments: Shipments, shipment: Shipment): Shipments {
  const next = new Map(shipments);
  if (isActive(shipment.status)) next.set(shipment.id, shipment);
  else next.delete(shipment.id);
  return next;
}

/** True when an event tells of a shipment that now belongs to the active ones, known or not. */
export function startsOrRevives({ type, data }: LogEvent): boolean {
  if (type === 'shipment.created') return true;
  return type === 'shipment.status_changed' && isActive(data.status as Status);
}

/** How many there are of each status, in the order of the lifecycle; statuses without any are left out. */
export function countsByStatus(shipments: Iterable<Shipment>): { status: Status; count: number }[] {
  const counts = new Map<Status, number>();
  for (const { status } of shipments) counts.set(status, (counts.get(status) ?? 0) + 1);
  return ALL_STATUSES.flatMap((status) => {
    const count = counts.get(status);
    return count ? [{ status, count }] : [];
  });
}

/**
 * The place at which to look for a shipment that no device carries: where it starts until it is picked up and where it
 * goes after that, on the way back the other way round. None when neither is on the map.
 */
export function placeOf(shipment: Shipment, locations: ReadonlyMap<string, Location>): Location | null {
  const waits = (STATUSES[shipment.status]?.rank ?? 0) < 3;
  const ends = [shipment.origin_id, shipment.destination_id];
  if (waits === shipment.return_leg) ends.reverse();
  for (const id of ends) {
    const place = id ? locations.get(id) : undefined;
    if (place?.address.point) return place;
  }
  return null;
}

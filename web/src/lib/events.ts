// What an entry of the event log says, in a sentence.

import { EVENT_TYPES, statusText, words } from './lifecycle';
import type { LogEvent, Status, StatusChange } from './types';

export interface Sentence {
  /** What it is about: a reference, a driver. */
  subject: string;
  text: string;
  href: string | null;
}

export interface Names {
  driver: (id: string | null) => string;
  device: (id: string | null) => string;
}

export function sentenceOf(event: LogEvent, names: Names): Sentence {
  const data = event.data as Partial<StatusChange> & { zone_name?: string };
  const href = event.shipment_id ? `/shipments/${event.shipment_id}` : null;
  const shipment = typeof data.reference === 'string' ? data.reference : (event.shipment_id?.slice(-8) ?? '');
  const carrier = event.driver_id ? names.driver(event.driver_id) : names.device(event.device_id);
  switch (event.type) {
    case 'shipment.created':
      return { subject: shipment, text: 'created', href };
    case 'shipment.status_changed': {
      const sub = data.substatus ? ` (${words(data.substatus).toLowerCase()})` : '';
      return {
        subject: shipment,
        text: `${data.status ? statusText(data.status as Status) : 'Status changed'}${sub}`,
        href,
      };
    }
    case 'shipment.delivered':
      return { subject: shipment, text: 'delivered', href };
    case 'shipment.fact_recorded':
      return { subject: shipment, text: 'fact recorded', href };
    case 'shipment.updated':
      return { subject: shipment, text: 'changed', href };
    case 'driver.assigned':
      return { subject: shipment, text: `assigned to ${carrier}`, href };
    case 'driver.unassigned':
      return { subject: shipment, text: `taken off ${carrier}`, href };
    case 'zone.entered':
      return { subject: carrier, text: `entered ${data.zone_name ?? 'a zone'}`, href: null };
    case 'zone.exited':
      return { subject: carrier, text: `left ${data.zone_name ?? 'a zone'}`, href: null };
    default:
      return { subject: shipment || carrier, text: words(event.type.replace('.', ' ')).toLowerCase(), href };
  }
}

/** Events that a feed for people leaves out, because another one says the same. */
const NOISE = ['shipment.fact_recorded', 'shipment.updated', 'shipment.delivered'];
export const isNoise = (event: LogEvent): boolean => NOISE.includes(event.type);
/** The types that a feed for people shows. */
export const FEED_TYPES = EVENT_TYPES.filter((type) => !NOISE.includes(type));

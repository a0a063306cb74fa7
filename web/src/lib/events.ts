// What an entry of the event log says, in a sentence.

import { EVENT_TYPES, statusText, statusTone, words, type Tone } from './lifecycle';
import { spanText } from './time';
import type { LogEvent, StatusChange } from './types';

export interface Sentence {
  /** What it is about: a reference, a driver. */
  subject: string;
  text: string;
  href: string | null;
  /** How it is to be taken. */
  tone: Tone;
}

/** What the `zone.*` events say. */
interface ZoneCrossing {
  zone_name?: string;
  inside_s?: number;
  speeding?: { limit_mps: number; peak_mps: number };
  /** What `device.alarm` says. */
  alarm?: string;
}

export interface Names {
  driver: (id: string | null) => string;
  device: (id: string | null) => string;
}

export function sentenceOf(event: LogEvent, names: Names): Sentence {
  const data = event.data as Partial<StatusChange> & ZoneCrossing;
  const href = event.shipment_id ? `/shipments/${event.shipment_id}` : null;
  const shipment = typeof data.reference === 'string' ? data.reference : (event.shipment_id?.slice(-8) ?? '');
  const carrier = event.driver_id ? names.driver(event.driver_id) : names.device(event.device_id);
  const about = (text: string, tone: Tone = 'waiting'): Sentence => ({ subject: shipment, text, href, tone });
  const atZone = (text: string, tone: Tone = 'unknown'): Sentence => {
    return { subject: carrier, text, href: event.zone_id && `/zones/${event.zone_id}`, tone };
  };
  const ofDevice = (text: string, tone: Tone): Sentence => {
    return { subject: carrier, text, href: event.device_id && `/devices/${event.device_id}`, tone };
  };
  switch (event.type) {
    case 'shipment.created':
      return about('Created');
    case 'shipment.status_changed': {
      const { status, substatus } = data;
      if (!status) return about('Status changed');
      const finer = substatus ? `, ${words(substatus).toLowerCase()}` : '';
      return about(statusText(status) + finer, statusTone(status));
    }
    case 'shipment.delivered':
      return about('Delivered', 'done');
    case 'shipment.fact_recorded':
      return about('Fact recorded');
    case 'shipment.updated':
      return about('Changed');
    case 'driver.assigned':
      return about(`Assigned to ${carrier}`);
    case 'driver.unassigned':
      return about(`Taken off ${carrier}`);
    case 'zone.entered':
      return atZone(`Entered ${data.zone_name ?? 'a zone'}`);
    case 'zone.exited':
      return atZone(`Left ${data.zone_name ?? 'a zone'}`);
    case 'zone.dwelled':
      return atZone(`In ${data.zone_name ?? 'a zone'} for ${spanText(data.inside_s ?? 0)}`);
    case 'zone.speeding': {
      const kmh = data.speeding ? `, ${Math.round(data.speeding.peak_mps * 3.6)} km/h` : '';
      return atZone(`Too fast in ${data.zone_name ?? 'a zone'}${kmh}`, 'problem');
    }
    case 'device.alarm':
      return ofDevice(`Alarm: ${words(data.alarm ?? 'general').toLowerCase()}`, 'problem');
    case 'device.offline':
      return ofDevice('Fell silent', 'problem');
    case 'device.online':
      return ofDevice('Heard of again', 'unknown');
    default:
      return { ...about(words(event.type.replace('.', ' '))), subject: shipment || carrier };
  }
}

/** A long reference by its beginning and its end, which tell it from others. */
export const shorten = (text: string): string => (text.length <= 28 ? text : `${text.slice(0, 10)}…${text.slice(-14)}`);

/** Events that a feed for people leaves out, because another one says the same. */
const NOISE = ['shipment.fact_recorded', 'shipment.updated', 'shipment.delivered'];
export const isNoise = ({ type, data }: LogEvent): boolean =>
  NOISE.includes(type) || (type === 'shipment.status_changed' && data.status === 'assigned');
/** The types that a feed for people shows. */
export const FEED_TYPES = EVENT_TYPES.filter((type) => !NOISE.includes(type));

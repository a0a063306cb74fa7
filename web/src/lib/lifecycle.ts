// The statuses, how they look, and which ones a person may set next: the table of crates/core in the words of the page.

import type { Status, TimelineEntry } from './types';

/** What a status means for who looks at it; fixes colour and shape. */
export type Tone = 'waiting' | 'moving' | 'ready' | 'problem' | 'done' | 'back' | 'ended' | 'unknown';

interface StatusInfo {
  text: string;
  tone: Tone;
  rank: number | null;
  substatuses: string[];
  next: Status[];
}

const info = (text: string, tone: Tone, rank: number | null, substatuses: string, next: string): StatusInfo => ({
  text,
  tone,
  rank,
  substatuses: substatuses.split(' '),
  next: next.split(' ').filter(Boolean) as Status[],
});

export const STATUSES: Record<Status, StatusInfo> = {
  created: info(
    'Created',
    'waiting',
    0,
    'scheduled awaiting_carrier',
    'info_received assigned picked_up on_hold cancelled expired',
  ),
  info_received: info(
    'Info received',
    'waiting',
    1,
    'label_created awaiting_item',
    'assigned picked_up in_transit on_hold exception cancelled expired',
  ),
  assigned: info(
    'Assigned',
    'waiting',
    2,
    'offered accepted to_pickup at_pickup',
    'created picked_up out_for_delivery on_hold exception cancelled',
  ),
  picked_up: info(
    'Picked up',
    'moving',
    3,
    'from_sender at_origin_hub',
    'in_transit out_for_delivery available_for_pickup attempt_failed on_hold exception delivered returning failed',
  ),
  in_transit: info(
    'In transit',
    'moving',
    4,
    'arrived_facility departed_facility customs_arrived customs_cleared transferred_carrier missorted rerouted',
    'out_for_delivery available_for_pickup attempt_failed on_hold exception delivered returning failed expired',
  ),
  out_for_delivery: info(
    'Out for delivery',
    'moving',
    5,
    'on_vehicle next_stop arriving at_stop appointment',
    'in_transit available_for_pickup attempt_failed on_hold exception delivered returning failed',
  ),
  available_for_pickup: info(
    'Available for pickup',
    'ready',
    6,
    'locker pickup_point counter',
    'out_for_delivery on_hold exception delivered returning expired',
  ),
  attempt_failed: info(
    'Attempt failed',
    'problem',
    6,
    'will_retry final',
    'in_transit out_for_delivery available_for_pickup on_hold exception delivered returning failed',
  ),
  on_hold: info('On hold', 'problem', null, 'customs payment documents address recipient_request', ''),
  exception: info(
    'Exception',
    'problem',
    null,
    'damaged address missing_item pickup_missed other',
    'created info_received assigned picked_up in_transit out_for_delivery available_for_pickup attempt_failed on_hold delivered returning cancelled failed expired unknown',
  ),
  delivered: info('Delivered', 'done', 9, 'signed otp photo neighbour safe_place locker collected cod partial', ''),
  returning: info('Returning', 'back', 7, 'refused undeliverable requested', 'on_hold exception returned failed'),
  returned: info('Returned', 'back', 9, 'to_sender to_hub', ''),
  cancelled: info('Cancelled', 'ended', 9, 'by_sender by_recipient by_operator', ''),
  failed: info('Failed', 'ended', 9, 'lost destroyed seized undeliverable', ''),
  expired: info('Expired', 'ended', null, 'no_information stale', ''),
  unknown: info('Unknown', 'unknown', null, 'unmapped', ''),
};

export const ALL_STATUSES = Object.keys(STATUSES) as Status[];

const TERMINAL: Status[] = ['delivered', 'returned', 'cancelled', 'failed'];

export const isTerminal = (status: Status): boolean => TERMINAL.includes(status);
export const isActive = (status: Status): boolean => !isTerminal(status) && status !== 'expired';

/** The page's name for a status; a status that this page does not know yet is shown as it comes. */
export const statusText = (status: Status): string => STATUSES[status]?.text ?? words(status);
export const statusTone = (status: Status): Tone => STATUSES[status]?.tone ?? 'unknown';

/** `out_for_delivery` as words: "Out for delivery". */
export function words(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * The statuses that a person may set from `from`. `beforeHold` is the status before the present hold, from which the
 * way leads back or on. The server decides; this only keeps the form from offering what would be refused.
 */
export function legalNext(from: Status, beforeHold: Status | null): Status[] {
  if (from === 'expired' || from === 'unknown') return ALL_STATUSES.filter((status) => status !== from);
  if (from !== 'on_hold') return STATUSES[from].next;
  const floor = beforeHold ? (STATUSES[beforeHold].rank ?? 0) : 0;
  const always: Status[] = ['exception', 'cancelled', 'returning', 'failed'];
  return ALL_STATUSES.filter((status) => {
    if (always.includes(status)) return true;
    const rank = STATUSES[status].rank;
    return rank !== null && rank >= floor;
  });
}

/** The status before the present hold, read from the timeline. */
export function statusBeforeHold(timeline: TimelineEntry[]): Status | null {
  const heard = timeline
    .filter(({ event, flags }) => event.status && !flags.out_of_order && !flags.retracted)
    .toSorted((a, b) => a.event.occurred_at.localeCompare(b.event.occurred_at))
    .map(({ event }) => event.status as Status);
  return heard.findLast((status) => status !== 'on_hold' && status !== 'exception') ?? null;
}

/** True when a person may send a shipment back from `from`: from the way, or after the delivery. */
export const mayReturn = (from: Status, beforeHold: Status | null): boolean =>
  from === 'delivered' || (from !== 'returning' && legalNext(from, beforeHold).includes('returning'));

/** How far positions alone move a shipment, as choices of a form. */
export const MILESTONES = [
  { value: 'off', text: 'None' },
  { value: 'arrivals', text: 'Up to arrival' },
  { value: 'full', text: 'Up to delivery' },
];

/** Under whom a leg runs, as choices of a form. */
export const LEG_MODES = [
  { value: 'fleet', text: 'Own fleet' },
  { value: 'carrier', text: 'A carrier' },
];

export const REASONS: string[] = [
  'recipient_unavailable',
  'recipient_closed',
  'recipient_refused',
  'bad_address',
  'access_restricted',
  'verification_failed',
  'payment_required',
  'customs_documents',
  'customs_inspection',
  'prohibited',
  'weather',
  'force_majeure',
  'civil_event',
  'vehicle_breakdown',
  'no_driver',
  'no_time',
  'missed_cutoff',
  'missorted',
  'damaged',
  'lost',
  'not_ready',
  'wrong_data',
  'bad_packaging',
  'cancelled_by_shipper',
  'no_attempt',
];

export const EVENT_TYPES: string[] = [
  'shipment.created',
  'shipment.updated',
  'shipment.fact_recorded',
  'shipment.status_changed',
  'shipment.delivered',
  'driver.assigned',
  'driver.unassigned',
  'zone.entered',
  'zone.exited',
  'zone.dwelled',
  'zone.speeding',
  'device.alarm',
  'device.offline',
  'device.online',
  'endpoint.disabled',
];

// The things a person may do to a shipment: each as a small form, and as the request that it makes.

import {
  ALL_STATUSES,
  isTerminal,
  LEG_MODES,
  legalNext,
  REASONS,
  statusBeforeHold,
  STATUSES,
  statusText,
  words,
} from '../../lib/lifecycle';
import { newBody, type FieldSpec } from '../../lib/record';
import type { ShipmentDetail, Status, TrackingEvent } from '../../lib/types';
import type { Among, Option } from '../../lib/ui/option';

export type Action =
  | { kind: 'record' }
  | { kind: 'correct' }
  | { kind: 'cancel' }
  | { kind: 'assign' }
  | { kind: 'return' }
  | { kind: 'retract'; event: TrackingEvent };

type Values = Record<string, string>;

export interface ActionForm {
  title: string;
  submitText: string;
  words?: string;
  danger?: boolean;
  fields: FieldSpec[];
  /** Where below the shipment it goes, and what is sent there. */
  request: (values: Values) => [path: string, body: Record<string, unknown>];
}

const NONE: Option = { value: '', text: '–' };
const inWords = (value: string): Option => ({ value, text: words(value) });

const REASON: FieldSpec = { name: 'reason', label: 'Reason', kind: 'choice', options: [NONE, ...REASONS.map(inWords)] };
const WHEN: FieldSpec = { name: 'occurred_at', label: 'When it happened', kind: 'time', hint: 'Empty: now' };

function statusFields(shipment: ShipmentDetail['shipment'], options: Option[], values: Values): FieldSpec[] {
  const named = options.map(({ value, text }) => ({
    value,
    text: value === shipment.status ? `${text} (as now)` : text,
  }));
  const finer = STATUSES[values.status as Status]?.substatuses ?? [];
  return [
    {
      name: 'status',
      label: 'Status',
      kind: 'choice',
      options: named,
      initial: named.find(({ value }) => value)?.value,
    },
    { name: 'substatus', label: 'Finer status', kind: 'choice', options: [NONE, ...finer.map(inWords)] },
  ];
}

const statusOption = (value: Status): Option => ({ value, text: statusText(value) });

function record({ shipment, events }: ShipmentDetail, values: Values): ActionForm {
  const next = legalNext(shipment.status, statusBeforeHold(events));
  const same = isTerminal(shipment.status) || next.includes(shipment.status) ? [] : [shipment.status];
  const options = [...next, ...same].map(statusOption);
  const isNote = ({ status }: Values) => !status;
  const fields: FieldSpec[] = [
    ...statusFields(shipment, [{ value: '', text: 'Only a note' }, ...options], values),
    { ...REASON, when: (held) => !isNote(held) },
    WHEN,
    { name: 'raw_text', label: 'Words', required: isNote(values) },
    { name: 'delayed', label: 'It will be late', kind: 'flag' },
  ];
  return {
    title: 'Record a fact',
    submitText: 'Save',
    fields,
    request: (held) => {
      const body = newBody(held, fields);
      const at = body.occurred_at as string | undefined;
      const offset = at ? { offset_seconds: -new Date(at).getTimezoneOffset() * 60 } : {};
      return ['/events', { kind: isNote(held) ? 'note' : 'scan', ...body, ...offset }];
    },
  };
}

function correct({ shipment }: ShipmentDetail, values: Values): ActionForm {
  const fields: FieldSpec[] = [
    ...statusFields(shipment, ALL_STATUSES.map(statusOption), values).map((field) =>
      field.name === 'status' ? { ...field, initial: shipment.status } : field,
    ),
    WHEN,
    {
      name: 'reason_text',
      label: 'Why',
      required: true,
      hint: 'Kept with the correction, for whoever reads it later',
    },
  ];
  return {
    title: 'Correct the status',
    submitText: 'Save',
    fields,
    request: (held) => ['/corrections', { reason_text: '', ...newBody(held, fields) }],
  };
}

function cancel(): ActionForm {
  const fields: FieldSpec[] = [REASON, { name: 'text', label: 'Words' }];
  return {
    title: 'Cancel the shipment',
    submitText: 'Cancel the shipment',
    words: 'A cancelled shipment stays cancelled unless somebody corrects it.',
    danger: true,
    fields,
    request: (values) => ['/cancel', newBody(values, fields)],
  };
}

function assign({ shipment }: ShipmentDetail, drivers: Among): ActionForm {
  return {
    title: 'Assign a driver',
    submitText: 'Save',
    fields: [
      {
        name: 'driver_id',
        label: 'Driver',
        kind: 'pick',
        among: drivers,
        none: 'Nobody',
        initial: shipment.driver_id ?? '',
      },
    ],
    request: ({ driver_id }) => (driver_id ? ['/assign', { driver_id }] : ['/unassign', {}]),
  };
}

/** The way back as its legs; none leaves it to the server: one fleet leg without a driver. */
function returnTo({ shipment }: ShipmentDetail, drivers: Among): ActionForm {
  const leg = (name: string) => `legs/0/${name}`;
  const isFleet = (values: Values) => values[leg('mode')] === 'fleet';
  const isCarrier = (values: Values) => !isFleet(values);
  const fields: FieldSpec[] = [
    REASON,
    { name: leg('mode'), label: 'Who carries it', kind: 'choice', options: LEG_MODES, initial: 'fleet' },
    { name: leg('driver_id'), label: 'Driver', kind: 'pick', among: drivers, none: 'Nobody', when: isFleet },
    { name: leg('carrier'), label: 'Carrier', required: true, when: isCarrier },
    { name: leg('tracking_number'), label: 'Tracking number', when: isCarrier },
  ];
  return {
    title: 'Send the shipment back',
    submitText: 'Open the way back',
    words:
      shipment.status === 'delivered'
        ? 'A way back to the sender is opened behind the delivery.'
        : 'What is left of the way there ends; a way back to the sender is opened.',
    fields,
    request: (values) => {
      const body = newBody(values, fields);
      return ['/return', isFleet(values) && !values[leg('driver_id')] ? { ...body, legs: [] } : body];
    },
  };
}

function retract(event: TrackingEvent): ActionForm {
  return {
    title: 'Retract a fact',
    submitText: 'Retract',
    words: 'The fact stays in the timeline, struck through; the status follows from the others.',
    fields: [{ name: 'reason_text', label: 'Why', required: true }],
    request: ({ reason_text }) => ['/retractions', { event_id: event.id, reason_text }],
  };
}

/** The form of an action; some of its choices depend on what it holds. */
export function formOf(action: Action, detail: ShipmentDetail, drivers: Among, values: Values): ActionForm {
  switch (action.kind) {
    case 'record':
      return record(detail, values);
    case 'correct':
      return correct(detail, values);
    case 'cancel':
      return cancel();
    case 'assign':
      return assign(detail, drivers);
    case 'return':
      return returnTo(detail, drivers);
    case 'retract':
      return retract(action.event);
  }
}

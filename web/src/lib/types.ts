// The records of the API under the names of these pages, taken from the server's own description (`npm run types`).
// Ids are prefixed texts, instants are RFC 3339 texts in UTC.

import type { components } from './openapi.gen';

type Schemas = components['schemas'];

/** A record as the server writes it: every field is there, and null where there is nothing to say. */
type Written<T> = T extends readonly (infer One)[]
  ? Written<One>[]
  : T extends object
    ? { [Name in keyof T]-?: Written<T[Name]> }
    : T;
type Stored<Name extends keyof Schemas> = Written<Schemas[Name]>;
/** A record with some fields told more exactly than the description does. */
type Told<T, Fields> = Omit<T, keyof Fields> & Fields;

export type Timestamp = string;
export type Attributes = Record<string, unknown>;

export type Status = Schemas['Status'];
export type Role = Schemas['Role'];
export type MilestonePolicy = Schemas['MilestonePolicy'];
export type TzConfidence = Schemas['TzConfidence'];
export type SourceKind = Schemas['SourceKind'];
export type FactKind = Schemas['FactKind'];
export type LocationType = Schemas['LocationType'];
export type DutyState = Schemas['DutyState'];
export type ZoneKind = Schemas['ZoneKind'];

/** A point on the WGS 84 ellipsoid, in degrees. */
export type Point = Schemas['Point'];
export type Address = Stored<'Address'>;
export type Customer = Stored<'Customer'>;
export type Location = Stored<'Location'>;
export type Driver = Stored<'Driver'>;
export type Vehicle = Stored<'Vehicle'>;
export type Device = Stored<'Device'>;
/** The newest position of a device. Speed in metres per second, course in degrees clockwise from north. */
export type DeviceLatest = Stored<'DeviceLatest'>;
/** A geofence: `geometry` is an area, a Point together with `radius_m`, or a LineString together with `width_m`. */
export type Zone = Told<
  Stored<'Zone'>,
  { geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon | GeoJSON.Point | GeoJSON.LineString }
>;

/** Whether a device is heard of, since when it stands, and the alarms that it raises. */
export type DeviceStatus = Stored<'DeviceStatus'>;
export type Presence = Schemas['Presence'];
/** A trip, a stop, or a silence after which the device turned up elsewhere. */
export type MovementEntry = Stored<'MovementEntry'>;
/** A device that knocked and was sent away. */
export type UnknownDevice = Stored<'UnknownDevice'>;
export type ZoneOccupant = Stored<'ZoneOccupant'>;
export type ZoneVisit = Stored<'ZoneVisit'>;
export type ZoneVisits = Stored<'ZoneVisits'>;
export type ZoneDecision = Stored<'ZoneDecision'>;
export type ExplainedFix = Stored<'ExplainedFix'>;
export type ZoneExplanation = Told<Stored<'ZoneExplanation'>, { told: LogEvent[]; fixes: ExplainedFix[] }>;
export type ZoneImport = Stored<'ZoneImport'>;
export type AreaVisitor = Stored<'AreaVisitor'>;
export type AreaVisitors = Stored<'AreaVisitors'>;
/** How the server deals with positions, by section and name of its configuration. */
export type TrackingRules = Stored<'TrackingRules'>;

export type Shipment = Stored<'Shipment'>;
export type Package = Stored<'Package'>;
export type Leg = Stored<'Leg'>;
/** Where a fact happened. The one record whose empty fields are left out. */
export type Place = Schemas['Place'];
/** One fact about a shipment, with both clocks: when it happened and when it was received. */
export type TrackingEvent = Told<Stored<'TrackingEvent'>, { place: Place | null }>;
export type EventFlags = Stored<'EventFlags'>;
export type TimelineEntry = Told<Stored<'EventView'>, { event: TrackingEvent }>;
export type TrackingLink = Stored<'TrackingLink'>;
/** A link with its secret: the address of its page. */
export type LinkView = Stored<'LinkView'>;
export type ShipmentDetail = Told<Stored<'ShipmentDetail'>, { events: TimelineEntry[] }>;

/** One entry of the event log. */
export type LogEvent = Stored<'Event'>;
/** An entry with its place in the log. */
export type LoggedEvent = Told<Stored<'LoggedEvent'>, { event: LogEvent }>;

/** The `data` of shipment.status_changed and shipment.delivered. */
export interface StatusChange {
  reference: string | null;
  status: Status;
  substatus: string | null;
  reason: Shipment['reason'];
  previous_status: Status;
  previous_substatus: string | null;
  first_entry: boolean;
  alert: boolean;
  correction: boolean;
  source: SourceKind | null;
  attempts: number;
  delayed: boolean;
  return_leg: boolean;
}

export type Endpoint = Stored<'Endpoint'>;
export type Message = Stored<'Message'>;
export type Attempt = Stored<'Attempt'>;

export type User = Stored<'User'>;
export type ApiKey = Stored<'ApiKey'>;
export type TenantSettings = Stored<'TenantSettings'>;
export type Tenant = Stored<'Tenant'>;
export type Me = Stored<'Me'>;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  has_more: boolean;
}

/** What GET /t/{token}/data answers, and what the tracking page carries as JSON. */
export type PublicTracking = Stored<'PublicTracking'>;
export type PublicTimelineEntry = Stored<'PublicStep'>;
export type PublicPosition = Stored<'PublicPosition'>;

// The records of the API, as crates/core serialises them. Ids are prefixed texts, instants are RFC 3339 texts in UTC.

export type Timestamp = string;
export type Attributes = Record<string, unknown>;

export type Status =
  | 'created'
  | 'info_received'
  | 'assigned'
  | 'picked_up'
  | 'in_transit'
  | 'out_for_delivery'
  | 'available_for_pickup'
  | 'attempt_failed'
  | 'on_hold'
  | 'exception'
  | 'delivered'
  | 'returning'
  | 'returned'
  | 'cancelled'
  | 'failed'
  | 'expired'
  | 'unknown';

export type Role = 'admin' | 'operator' | 'viewer' | 'driver' | 'device' | 'customer';
export type MilestonePolicy = 'off' | 'arrivals' | 'full';
export type TzConfidence = 'unknown' | 'assumed' | 'from_place' | 'exact';
export type SourceKind = 'system' | 'aggregator' | 'document' | 'carrier' | 'device' | 'driver' | 'operator';
export type FactKind = 'scan' | 'correction' | 'retraction' | 'note';

/** A point on the WGS 84 ellipsoid, in degrees. */
export interface Point {
  lat: number;
  lon: number;
}

export interface Address {
  line1: string | null;
  line2: string | null;
  city: string | null;
  state: string | null;
  postal_code: string | null;
  country: string | null;
  point: Point | null;
}

/** What every stored record carries. */
export interface Row {
  id: string;
  tenant_id: string;
  created_at: Timestamp;
}

/** A record that can be changed: `version` is its ETag. */
export interface Versioned extends Row {
  version: number;
}

export interface Customer extends Versioned {
  reference: string | null;
  name: string;
  email: string | null;
  phone: string | null;
  language: string | null;
  address: Address;
  updated_at: Timestamp;
}

export type LocationType = 'hub' | 'warehouse' | 'store' | 'locker' | 'port' | 'address';

export interface Location extends Versioned {
  reference: string | null;
  name: string;
  location_type: LocationType;
  address: Address;
  time_zone: string | null;
  radius_m: number | null;
  updated_at: Timestamp;
}

export type DutyState = 'on_duty' | 'off_duty';

export interface Driver extends Versioned {
  reference: string | null;
  name: string;
  phone: string | null;
  duty: DutyState;
  vehicle_id: string | null;
  updated_at: Timestamp;
}

export interface Vehicle extends Versioned {
  reference: string | null;
  vehicle_type: string;
  capacity_kg: number | null;
  skills: string[];
  updated_at: Timestamp;
}

export interface Device extends Versioned {
  identifier: string;
  name: string;
  driver_id: string | null;
  vehicle_id: string | null;
  disabled: boolean;
  has_credential: boolean;
  updated_at: Timestamp;
}

/** The newest position of a device. Speed in metres per second, course in degrees clockwise from north. */
export interface DeviceLatest {
  device_id: string;
  driver_id: string | null;
  fix_time: Timestamp;
  received_at: Timestamp;
  point: Point;
  speed_mps: number | null;
  course_deg: number | null;
  accuracy_m: number | null;
  altitude_m: number | null;
  attributes: Attributes;
}

export type ZoneKind = 'custom' | 'hub' | 'approach';

/** A geofence: `geometry` is a Polygon, a MultiPolygon, or a Point together with `radius_m`. */
export interface Zone extends Versioned {
  name: string;
  kind: ZoneKind;
  location_id: string | null;
  geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon | GeoJSON.Point;
  radius_m: number | null;
  updated_at: Timestamp;
}

export interface Shipment extends Versioned {
  reference: string | null;
  sender_id: string | null;
  recipient_id: string | null;
  origin_id: string | null;
  destination_id: string | null;
  milestones: MilestonePolicy;
  metadata: Attributes;
  status: Status;
  substatus: string | null;
  reason: string | null;
  status_since: Timestamp;
  attempts: number;
  delayed: boolean;
  return_leg: boolean;
  eta_from: Timestamp | null;
  eta_to: Timestamp | null;
  picked_up_at: Timestamp | null;
  delivered_at: Timestamp | null;
  driver_id: string | null;
  sequence: number;
  updated_at: Timestamp;
}

export interface Package extends Versioned {
  shipment_id: string;
  tracking_number: string | null;
  description: string | null;
  weight_kg: number | null;
  metadata: Attributes;
}

export interface Leg extends Versioned {
  shipment_id: string;
  position: number;
  mode: 'fleet' | 'carrier';
  state: 'planned' | 'active' | 'done' | 'cancelled';
  is_return: boolean;
  origin_id: string | null;
  destination_id: string | null;
  driver_id: string | null;
  carrier: string | null;
  tracking_number: string | null;
  started_at: Timestamp | null;
  ended_at: Timestamp | null;
}

export interface Place {
  location_id?: string;
  name?: string;
  city?: string;
  state?: string;
  country?: string;
  point?: Point;
}

/** Who did it: `type` is user, api_key, driver, device or system. */
export interface Actor {
  type: string;
  id?: string;
}

/** One fact about a shipment, with both clocks: when it happened and when it was received. */
export interface TrackingEvent {
  id: string;
  shipment_id: string;
  leg_id: string | null;
  package_id: string | null;
  kind: FactKind;
  status: Status | null;
  substatus: string | null;
  reason: string | null;
  delayed: boolean;
  raw_code: string | null;
  raw_text: string | null;
  occurred_at: Timestamp;
  offset_seconds: number | null;
  tz_confidence: TzConfidence;
  received_at: Timestamp;
  source: SourceKind;
  source_name: string | null;
  source_trust: number;
  seq: number;
  actor: Actor | null;
  place: Place | null;
  retracts: string | null;
  copies: number;
}

export interface EventFlags {
  late_event: boolean;
  out_of_order: boolean;
  retracted: boolean;
}

export interface TimelineEntry {
  event: TrackingEvent;
  flags: EventFlags;
}

export interface TrackingLink extends Row {
  shipment_id: string;
  expires_at: Timestamp | null;
  revoked_at: Timestamp | null;
}

/** A link with its secret: the address of its page. */
export interface LinkView {
  link: TrackingLink;
  token: string;
  url: string;
}

export interface ShipmentDetail {
  shipment: Shipment;
  packages: Package[];
  legs: Leg[];
  events: TimelineEntry[];
  links: TrackingLink[];
  sender: Customer | null;
  recipient: Customer | null;
  origin: Location | null;
  destination: Location | null;
}

/** One entry of the event log. */
export interface LogEvent {
  id: string;
  tenant_id: string;
  type: string;
  occurred_at: Timestamp;
  recorded_at: Timestamp;
  shipment_id: string | null;
  sequence: number;
  driver_id: string | null;
  device_id: string | null;
  zone_id: string | null;
  endpoint_id: string | null;
  data: Attributes;
}

/** The `data` of shipment.status_changed and shipment.delivered. */
export interface StatusChange {
  reference: string | null;
  status: Status;
  substatus: string | null;
  reason: string | null;
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

export interface Endpoint extends Versioned {
  url: string;
  description: string | null;
  event_types: string[];
  state: 'active' | 'paused' | 'disabled';
  disabled_reason: string | null;
  failing_since: Timestamp | null;
  updated_at: Timestamp;
}

export interface Message extends Row {
  endpoint_id: string;
  event_id: string | null;
  shipment_id: string | null;
  event_type: string;
  body: string;
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  next_attempt_at: Timestamp | null;
}

export interface Attempt {
  id: string;
  tenant_id: string;
  message_id: string;
  endpoint_id: string;
  number: number;
  outcome: 'success' | 'refused' | 'timeout' | 'unreachable' | 'blocked';
  http_status: number | null;
  detail: string | null;
  duration_ms: number;
  at: Timestamp;
}

export interface User extends Versioned {
  email: string;
  name: string;
  role: Role;
  driver_id: string | null;
  customer_id: string | null;
  disabled: boolean;
}

export interface ApiKey extends Row {
  name: string;
  role: Role;
  scopes: string[];
  driver_id: string | null;
  customer_id: string | null;
  device_id: string | null;
  requests_per_minute: number | null;
  expires_at: Timestamp | null;
  revoked_at: Timestamp | null;
  last_used_at: Timestamp | null;
}

export interface TenantSettings {
  milestones: MilestonePolicy;
  hub_radius_m: number;
  approach_radius_m: number;
  grace_seconds: number;
  alert_limit_device_seconds: number;
  alert_limit_carrier_seconds: number;
  link_days: number;
}

export interface Tenant {
  id: string;
  name: string;
  slug: string;
  settings: TenantSettings;
  created_at: Timestamp;
  version: number;
}

export interface Me {
  user?: User | null;
  api_key?: ApiKey | null;
  role: Role;
  tenant: Tenant;
  permissions: string[];
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  has_more: boolean;
}

/** What GET /t/{token}/data answers, and what the tracking page carries as JSON. */
export interface PublicTracking {
  token: string;
  reference: string | null;
  status: Status;
  status_text: string;
  substatus: string | null;
  since: Timestamp;
  eta_from: Timestamp | null;
  eta_to: Timestamp | null;
  recipient_first_name: string | null;
  tenant_name: string;
  delivered_at: Timestamp | null;
  timeline: PublicTimelineEntry[];
  position: PublicPosition | null;
  destination: Point | null;
  /** The zone of the destination, IANA name. */
  time_zone: string | null;
  updated_at: Timestamp;
}

export interface PublicTimelineEntry {
  occurred_at: Timestamp;
  offset_seconds: number | null;
  tz_confidence: TzConfidence;
  status: Status | null;
  substatus: string | null;
  text: string;
  place: string | null;
}

export interface PublicPosition extends Point {
  fix_time: Timestamp;
  course_deg: number | null;
}

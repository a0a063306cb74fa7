//! Records with every field filled, so that a column that is forgotten shows.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::{Id, ShipmentId, TenantId, UserId};
use tracklane_core::lifecycle::{Actor, FactKind, Place, Reason, SourceKind, Status, TrackingEvent};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{
    Address, ApiKey, Attempt, AttemptOutcome, AuditEntry, Customer, Device, DeviceLatest, Driver, DutyState, Endpoint,
    EndpointState, Leg, LegMode, LegState, Location, LocationType, Message, MessageState, Package, Role, Shipment,
    SpeedLimit, Tenant, TenantSettings, TrackingLink, User, Vehicle, Zone, ZoneKind, ZoneRules,
};
use tracklane_core::position::{Attributes, Point};
use tracklane_core::time::TzConfidence;
use tracklane_store::endpoints::EndpointSecrets;
use uuid::Uuid;

/// A new id, greater than all before it.
pub fn id<I: Id>() -> I {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    I::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number))
}

/// An instant so many seconds after a certain one, with microseconds.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(1_774_747_800_123_456 + seconds * 1_000_000).unwrap()
}

pub fn object(value: &serde_json::Value) -> Attributes {
    value.as_object().unwrap().clone()
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

pub fn tenant(slug: &str) -> Tenant {
    Tenant {
        id: id(),
        name: format!("Tenant {slug}"),
        slug: slug.to_owned(),
        settings: TenantSettings { milestones: MilestonePolicy::Full, link_days: 7, ..TenantSettings::default() },
        created_at: at(0),
        version: 1,
    }
}

pub fn address() -> Address {
    Address {
        line1: text("Hauptstraße 1"),
        line2: text("2nd floor"),
        city: text("Łódź"),
        state: text("LD"),
        postal_code: text("90-001"),
        country: text("PL"),
        point: Some(Point { lat: 51.759_048_5, lon: -0.000_000_1 }),
    }
}

pub fn customer(tenant_id: TenantId) -> Customer {
    let id = id();
    Customer {
        id,
        tenant_id,
        reference: Some(format!("C-{id}")),
        name: "Zoë MÜLLER".to_owned(),
        email: text("zoe@example.org"),
        phone: text("+48123456789"),
        language: text("pl-PL"),
        address: address(),
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn location(tenant_id: TenantId) -> Location {
    let id = id();
    Location {
        id,
        tenant_id,
        reference: Some(format!("L-{id}")),
        name: "North 100%_hub".to_owned(),
        location_type: LocationType::Warehouse,
        address: address(),
        time_zone: text("Europe/Warsaw"),
        radius_m: Some(150.5),
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn vehicle(tenant_id: TenantId) -> Vehicle {
    let id = id();
    Vehicle {
        id,
        tenant_id,
        reference: Some(format!("V-{id}")),
        vehicle_type: "van".to_owned(),
        capacity_kg: Some(1200.0),
        skills: vec!["refrigerated".to_owned(), "tail lift".to_owned()],
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn driver(tenant_id: TenantId) -> Driver {
    let id = id();
    Driver {
        id,
        tenant_id,
        reference: Some(format!("D-{id}")),
        name: "Ann Driver".to_owned(),
        phone: text("+48600000000"),
        duty: DutyState::OnDuty,
        vehicle_id: None,
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn device(tenant_id: TenantId) -> Device {
    let id = id();
    Device {
        id,
        tenant_id,
        identifier: format!("imei-{id}"),
        name: "Phone of Ann".to_owned(),
        driver_id: None,
        vehicle_id: None,
        max_speed_mps: None,
        disabled: false,
        has_credential: false,
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn latest(device: &Device) -> DeviceLatest {
    DeviceLatest {
        device_id: device.id,
        driver_id: device.driver_id,
        fix_time: at(10),
        received_at: at(11),
        point: Point { lat: -89.999_999, lon: 179.123_456_789 },
        speed_mps: Some(13.37),
        course_deg: Some(359.9),
        accuracy_m: Some(4.2),
        altitude_m: Some(-3.3),
        attributes: object(&json!({"battery": 0.5, "alarm": null, "nested": {"a": [1, 2.0, "3"]}})),
    }
}

pub fn zone(tenant_id: TenantId) -> Zone {
    Zone {
        id: id(),
        tenant_id,
        reference: None,
        name: "Old town".to_owned(),
        kind: ZoneKind::Custom,
        location_id: None,
        geometry: json!({"type": "Polygon", "coordinates": [[[0.1, 0.2], [1.0, 0.2], [1.0, 1.0], [0.1, 0.2]]]}),
        radius_m: Some(12.5),
        width_m: Some(0.1),
        rules: Some(ZoneRules { dwell_s: Some(60), band_m: 0.1, ..ZoneRules::default() }),
        schedule: serde_json::from_value(json!({
            "time_zone": "Europe/Lisbon", "windows": [{ "days": ["mon", "sun"], "from": "08:00", "until": "24:00" }],
        }))
        .unwrap(),
        speed_limit: Some(SpeedLimit { limit_mps: 13.9, for_s: 5 }),
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn user(tenant_id: TenantId) -> User {
    let id: UserId = id();
    User {
        id,
        tenant_id,
        email: format!("{id}@example.org"),
        name: "Olga Operator".to_owned(),
        role: Role::Operator,
        driver_id: None,
        customer_id: None,
        disabled: false,
        created_at: at(1),
        version: 1,
    }
}

pub fn api_key(tenant_id: TenantId) -> ApiKey {
    ApiKey {
        id: id(),
        tenant_id,
        name: "shop".to_owned(),
        role: Role::Customer,
        scopes: vec!["shipments:read".to_owned()],
        driver_id: None,
        customer_id: None,
        device_id: None,
        requests_per_minute: Some(600),
        expires_at: Some(at(1000)),
        revoked_at: None,
        last_used_at: Some(at(5)),
        created_at: at(1),
    }
}

pub fn shipment(tenant_id: TenantId) -> Shipment {
    let id = id();
    Shipment {
        id,
        tenant_id,
        reference: Some(format!("Order-{id}")),
        sender_id: None,
        recipient_id: None,
        origin_id: None,
        destination_id: None,
        milestones: MilestonePolicy::Arrivals,
        metadata: object(&json!({"fragile": true, "weights": [1, 2.5]})),
        status: Status::AttemptFailed,
        substatus: text("will_retry"),
        reason: Some(Reason::RecipientUnavailable),
        status_since: at(3),
        attempts: 2,
        delayed: true,
        return_leg: true,
        eta_from: Some(at(100)),
        eta_to: Some(at(200)),
        picked_up_at: Some(at(10)),
        delivered_at: Some(at(20)),
        driver_id: None,
        sequence: 0,
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn package(shipment: &Shipment) -> Package {
    let id = id();
    Package {
        id,
        tenant_id: shipment.tenant_id,
        shipment_id: shipment.id,
        tracking_number: Some(format!("PKG{id}")),
        description: text("a vase"),
        weight_kg: Some(2.25),
        metadata: object(&json!({"fragile": true})),
        created_at: at(1),
        version: 1,
    }
}

pub fn leg(shipment: &Shipment) -> Leg {
    Leg {
        id: id(),
        tenant_id: shipment.tenant_id,
        shipment_id: shipment.id,
        position: 1,
        mode: LegMode::Carrier,
        state: LegState::Planned,
        is_return: true,
        origin_id: None,
        destination_id: None,
        driver_id: None,
        carrier: text("dhl"),
        tracking_number: text("JJD0000001"),
        driver_since: Some(at(4)),
        started_at: Some(at(5)),
        ended_at: Some(at(6)),
        created_at: at(1),
        version: 1,
    }
}

pub fn fact(shipment_id: ShipmentId, seq: i64) -> TrackingEvent {
    TrackingEvent {
        id: id(),
        shipment_id,
        leg_id: None,
        package_id: None,
        kind: FactKind::Scan,
        status: Some(Status::InTransit),
        substatus: text("arrived_facility"),
        reason: Some(Reason::Weather),
        delayed: true,
        raw_code: text("AR"),
        raw_text: text("Arrived"),
        occurred_at: at(7),
        offset_seconds: Some(-12_600),
        tz_confidence: TzConfidence::FromPlace,
        received_at: at(8),
        source: SourceKind::Carrier,
        source_name: text("dhl"),
        source_trust: 55,
        seq,
        actor: Some(Actor::User(id())),
        place: Some(Place { city: text("Łódź"), point: Some(Point { lat: 1.5, lon: 2.5 }), ..Place::default() }),
        retracts: None,
        copies: 1,
    }
}

pub fn link(shipment: &Shipment) -> TrackingLink {
    TrackingLink {
        id: id(),
        tenant_id: shipment.tenant_id,
        shipment_id: shipment.id,
        expires_at: Some(at(500)),
        revoked_at: None,
        created_at: at(1),
    }
}

pub fn endpoint(tenant_id: TenantId) -> Endpoint {
    Endpoint {
        id: id(),
        tenant_id,
        url: "https://example.org/hook".to_owned(),
        description: text("the shop"),
        event_types: vec!["shipment.*".to_owned()],
        state: EndpointState::Active,
        disabled_reason: text("was gone"),
        failing_since: Some(at(50)),
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

pub fn secrets() -> EndpointSecrets {
    EndpointSecrets { current: vec![0, 1, 255], previous: Some(vec![9]), previous_until: Some(at(90)) }
}

pub fn message(endpoint: &Endpoint) -> Message {
    Message {
        id: id(),
        tenant_id: endpoint.tenant_id,
        endpoint_id: endpoint.id,
        event_id: Some(id()),
        shipment_id: Some(id()),
        event_type: "shipment.delivered".to_owned(),
        body: r#"{"type": "x"}"#.to_owned(),
        state: MessageState::Pending,
        attempts: 0,
        next_attempt_at: Some(at(10)),
        created_at: at(10),
    }
}

pub fn attempt(message: &Message) -> Attempt {
    Attempt {
        id: id(),
        tenant_id: message.tenant_id,
        message_id: message.id,
        endpoint_id: message.endpoint_id,
        number: 1,
        outcome: AttemptOutcome::Refused,
        http_status: Some(503),
        detail: text("busy"),
        duration_ms: 42,
        at: at(11),
    }
}

pub fn event(tenant_id: TenantId, shipment_id: Option<ShipmentId>) -> Event {
    Event {
        id: id(),
        tenant_id,
        kind: EventKind::StatusChanged,
        occurred_at: at(7),
        recorded_at: at(8),
        shipment_id,
        sequence: 0,
        driver_id: Some(id()),
        device_id: Some(id()),
        zone_id: Some(id()),
        endpoint_id: Some(id()),
        data: object(&json!({"status": "in_transit"})),
    }
}

pub fn audit_entry(tenant_id: TenantId) -> AuditEntry {
    AuditEntry {
        id: id(),
        tenant_id,
        actor: Actor::ApiKey(id()),
        action: "customer.updated".to_owned(),
        target: text("cus_1"),
        data: object(&json!({"fields": ["name"]})),
        at: at(5),
    }
}

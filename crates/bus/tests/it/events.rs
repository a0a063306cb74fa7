//! Events to publish.

use serde_json::json;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::id::{EventId, Id as _, TenantId};
use tracklane_core::position::Attributes;
use uuid::Uuid;

/// What a reader sees of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub sequence: i64,
    pub source: String,
    pub time: String,
    pub data: serde_json::Value,
}

pub fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(7))
}

/// The event with this number, of one of three shipments in turns.
pub fn event(number: u32) -> CloudEvent {
    let data: Attributes = json!({ "number": number, "place": "Malmö \"hub\"" }).as_object().unwrap().clone();
    CloudEvent {
        id: EventId::from_uuid(Uuid::from_u128(u128::from(number) + 1)),
        source: "https://track.example.com/tenants/x".to_owned(),
        kind: "shipment.status_changed",
        subject: Some(format!("shp_{}", number % 3)),
        time: "2026-03-01T08:00:00Z".parse().unwrap(),
        tenant_id: tenant(),
        sequence: Some(i64::from(number / 3) + 1),
        data,
    }
}

/// How it must arrive.
pub fn seen(number: u32) -> Seen {
    let event = event(number);
    Seen {
        id: event.id.to_string(),
        kind: "tracklane.shipment.status_changed".to_owned(),
        subject: event.subject.unwrap(),
        sequence: event.sequence.unwrap(),
        source: event.source,
        time: "2026-03-01T08:00:00Z".to_owned(),
        data: event.data.into(),
    }
}

impl Seen {
    /// From attributes under the names that the specification gives them, and the data.
    pub fn read(attribute: impl Fn(&str) -> Option<String>, data: &[u8]) -> Self {
        let must = |name: &str| attribute(name).unwrap_or_else(|| panic!("no attribute {name}"));
        assert_eq!(must("specversion"), "1.0");
        assert_eq!(must("tenantid"), tenant().to_string());
        assert_eq!(must("partitionkey"), must("subject"));
        assert_eq!(must("sequence").len(), 20, "sorts as text");
        Self {
            id: must("id"),
            kind: must("type"),
            subject: must("subject"),
            sequence: must("sequence").parse().unwrap(),
            source: must("source"),
            time: must("time"),
            data: serde_json::from_slice(data).unwrap(),
        }
    }

    /// From one JSON object.
    pub fn structured(body: &[u8]) -> Self {
        let all: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(all["datacontenttype"], "application/json");
        let data = serde_json::to_vec(&all["data"]).unwrap();
        Self::read(|name| all[name].as_str().map(str::to_owned), &data)
    }
}

//! Events as other systems read them: CloudEvents 1.0.2 (CNCF), which names the attributes; how they travel with each protocol
//! stands in its bindings.

use serde_json::{Map, Value, json};

use crate::event::Event;
use crate::id::{EventId, TenantId};
use crate::position::Attributes;
use crate::time::Timestamp;

/// What stands before our own names in the attribute `type`.
const TYPE_PREFIX: &str = "tracklane.";

/// An event of one tenant, to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudEvent {
    /// Unique within the source; the same event published twice has the same one.
    pub id: EventId,
    /// Where it comes from: the address of this installation and the tenant, a URI.
    pub source: String,
    /// What happened, by the name that all of Tracklane uses: `shipment.delivered`.
    pub kind: &'static str,
    /// What it is about: the shipment, else the device, else the driver.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// Whose it is; the extension `tenantid`.
    pub tenant_id: TenantId,
    /// Its number among those of the same shipment; the extension `sequence` (CloudEvents, sequence extension).
    pub sequence: Option<i64>,
    /// What it says.
    pub data: Attributes,
}

impl CloudEvent {
    /// The event as others see it. `base_url` is the address of this installation, without a slash at the end.
    pub fn new(event: &Event, base_url: &str) -> Self {
        let shipment = event.shipment_id.map(|id| id.to_string());
        let device = event.device_id.map(|id| id.to_string());
        let driver = event.driver_id.map(|id| id.to_string());
        Self {
            id: event.id,
            source: format!("{base_url}/tenants/{}", event.tenant_id),
            kind: event.kind.as_str(),
            subject: shipment.or(device).or(driver),
            time: event.occurred_at,
            tenant_id: event.tenant_id,
            sequence: event.shipment_id.map(|_| event.sequence),
            data: event.data_with_subjects(),
        }
    }

    /// The attribute `type`.
    pub fn event_type(&self) -> String {
        format!("{TYPE_PREFIX}{}", self.kind)
    }

    /// Events with the same key keep their order wherever a broker splits a stream; the extension `partitionkey`.
    pub fn partition_key(&self) -> String {
        self.subject.clone().unwrap_or_else(|| self.tenant_id.to_string())
    }

    /// The attributes by name, without `datacontenttype`, which travels as the content type of the protocol.
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("specversion", "1.0".to_owned()),
            ("id", self.id.to_string()),
            ("source", self.source.clone()),
            ("type", self.event_type()),
            ("time", self.time.to_string()),
            ("tenantid", self.tenant_id.to_string()),
            ("partitionkey", self.partition_key()),
        ];
        all.extend(self.subject.clone().map(|subject| ("subject", subject)));
        // Sorts as text: the extension wants that.
        all.extend(self.sequence.map(|number| ("sequence", format!("{number:020}"))));
        all
    }

    /// The data alone, as JSON: the body in binary mode.
    pub fn body(&self) -> Vec<u8> {
        // Maps with text keys always become JSON.
        serde_json::to_vec(&self.data).unwrap_or_default()
    }

    /// Attributes and data in one JSON object (`application/cloudevents+json`): the body in structured mode.
    pub fn structured(&self) -> Vec<u8> {
        let mut all: Map<String, Value> =
            self.attributes().into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        all.insert("datacontenttype".to_owned(), json!("application/json"));
        all.insert("data".to_owned(), Value::Object(self.data.clone()));
        serde_json::to_vec(&all).unwrap_or_default()
    }
}

//! What a message says.

use serde::Serialize;
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::model::{Endpoint, Message, MessageState};
use tracklane_core::position::Attributes;

use super::service::Inner;

/// The body, in the form of Standard Webhooks 1.0.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    /// The names that the source systems gave to the same event.
    aliases: &'a [&'a str],
    /// When it happened, not when it is sent.
    timestamp: Timestamp,
    data: Attributes,
}

/// The message that tells `endpoint` of `event`, due at once.
pub(super) fn message(inner: &Inner, endpoint: &Endpoint, event: &Event) -> Message {
    let body = text(event.kind, event.occurred_at, event.data_with_subjects());
    let event_id = Some(event.id);
    Message { event_id, shipment_id: event.shipment_id, ..empty(inner, endpoint, event.kind, body) }
}

/// A message that tells nothing but that messages arrive.
pub(super) fn test_message(inner: &Inner, endpoint: &Endpoint) -> Message {
    let mut data = Attributes::new();
    data.insert("endpoint_id".to_owned(), json!(endpoint.id));
    data.insert("text".to_owned(), json!("A test message from Tracklane."));
    let body = text(EventKind::EndpointTest, inner.base.env.now(), data);
    empty(inner, endpoint, EventKind::EndpointTest, body)
}

/// True when `endpoint` wants to hear of `event`: what happened since it was made, and of the types that it named.
pub(super) fn wants(endpoint: &Endpoint, event: &Event) -> bool {
    let about_itself = event.endpoint_id == Some(endpoint.id);
    let since_made = event.recorded_at >= endpoint.created_at;
    !about_itself && since_made && names(&endpoint.event_types, event.kind)
}

/// True when a list of event types as tenants write it names this one; an empty list names all.
pub(super) fn names(types: &[String], kind: EventKind) -> bool {
    types.is_empty() || types.iter().any(|filter| kind.matches(filter))
}

fn empty(inner: &Inner, endpoint: &Endpoint, kind: EventKind, body: String) -> Message {
    let now = inner.base.env.now();
    Message {
        id: inner.next_id(),
        tenant_id: endpoint.tenant_id,
        endpoint_id: endpoint.id,
        event_id: None,
        shipment_id: None,
        event_type: kind.as_str().to_owned(),
        body,
        state: MessageState::Pending,
        attempts: 0,
        next_attempt_at: Some(now),
        created_at: now,
    }
}

fn text(kind: EventKind, timestamp: Timestamp, data: Attributes) -> String {
    let body = Body { kind: kind.as_str(), aliases: kind.aliases(), timestamp, data };
    // Maps with text keys always become JSON.
    serde_json::to_string(&body).unwrap_or_default()
}

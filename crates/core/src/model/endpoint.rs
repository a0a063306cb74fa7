//! Webhook targets, the messages on their way to them, and every attempt.

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, EndpointId, EventId, MessageId, ShipmentId, TenantId};
use crate::time::Timestamp;

/// Whether an endpoint gets messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// Gets them.
    Active,
    /// Switched off by the tenant.
    Paused,
    /// Switched off by Tracklane, because it answered 410 or failed for too long.
    Disabled,
}

impl EndpointState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Disabled];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// A webhook target (Standard Webhooks 1.0). Its secrets are kept apart, encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Where messages go: http or https, never a private address unless the installation allows it.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which event types it wants: exact names, their seed-system aliases, or a prefix with `.*`; empty means all.
    pub event_types: Vec<String>,
    /// Whether it gets messages.
    pub state: EndpointState,
    /// Why it was disabled.
    pub disabled_reason: Option<String>,
    /// Since when every attempt has failed; none when the last one succeeded.
    pub failing_since: Option<Timestamp>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Waits for its next attempt.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Given up after the last attempt, or because the endpoint is gone.
    Dead,
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// One event on its way to one endpoint. Its id is the `webhook-id` header, the same on every attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// What it tells; none for a test message.
    pub event_id: Option<EventId>,
    /// The shipment it is about.
    pub shipment_id: Option<ShipmentId>,
    /// Its type.
    pub event_type: String,
    /// The exact body, signed on each attempt.
    pub body: String,
    /// Where it stands.
    pub state: MessageState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// 2xx.
    Success,
    /// Any other answer.
    Refused,
    /// No answer in time.
    Timeout,
    /// No connection, a broken one, or a bad certificate.
    Unreachable,
    /// The address is not allowed.
    Blocked,
    /// Nothing was sent: the endpoint's secret cannot be read, as after the loss of the master key.
    Unsigned,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Success, Self::Refused, Self::Timeout, Self::Unreachable, Self::Blocked, Self::Unsigned];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Blocked => "blocked",
            Self::Unsigned => "unsigned",
        }
    }
}

/// One try to deliver a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Which message.
    pub message_id: MessageId,
    /// Where it went.
    pub endpoint_id: EndpointId,
    /// The how-manieth it was, from 1.
    pub number: u32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The HTTP status answered.
    pub http_status: Option<u16>,
    /// What went wrong, or the first 1,000 characters of the answer's body.
    pub detail: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// When it was made.
    pub at: Timestamp,
}

//! What was sent, and sending it again.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{EndpointId, MessageId};
use tracklane_core::model::{Attempt, Caller, Message};
use tracklane_store::attempts::AttemptFilter;
use tracklane_store::messages::MessageFilter;
use tracklane_store::{Listing, Page};

use super::service::Webhooks;
use crate::error::Result;

/// Which events an endpoint is to get once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Written from this instant on.
    pub from: Timestamp,
    /// Written before this instant.
    pub to: Timestamp,
    /// Of these types only, written like an endpoint's `event_types`; empty means all that the endpoint wants.
    #[serde(default)]
    pub types: Vec<String>,
}

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Replayed {
    /// How many messages are on their way.
    pub messages: u64,
}

impl Webhooks {
    /// Sends an endpoint a message of type `endpoint.test`.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` unless the endpoint is active.
    pub async fn test(&self, caller: &Caller, id: EndpointId) -> Result<Message> {
        let _ = (caller, id);
        todo!()
    }

    /// The messages of the tenant, newest first.
    ///
    /// # Errors
    /// `NotFound` when the filter names an endpoint that is not there.
    pub async fn messages(&self, caller: &Caller, filter: &MessageFilter, page: Page) -> Result<Listing<Message>> {
        let _ = (caller, filter, page);
        todo!()
    }

    /// The message with this id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn message(&self, caller: &Caller, id: MessageId) -> Result<Message> {
        let _ = (caller, id);
        todo!()
    }

    /// The attempts of the tenant, newest first.
    ///
    /// # Errors
    /// `NotFound` when the filter names an endpoint or a message that is not there.
    pub async fn attempts(&self, caller: &Caller, filter: &AttemptFilter, page: Page) -> Result<Listing<Attempt>> {
        let _ = (caller, filter, page);
        todo!()
    }

    /// Sends a message again, with the same id and body and a new row of attempts.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` unless the endpoint is active.
    pub async fn resend(&self, caller: &Caller, id: MessageId) -> Result<Message> {
        let _ = (caller, id);
        todo!()
    }

    /// Makes new messages for the events of a time range.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` unless the endpoint is active; `Invalid` for a range that is empty or upside down, unknown
    /// types, or more than 100,000 messages.
    pub async fn replay(&self, caller: &Caller, id: EndpointId, replay: &Replay) -> Result<Replayed> {
        let _ = (caller, id, replay);
        todo!()
    }
}

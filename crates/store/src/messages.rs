//! Webhook messages on their way: the work list of the delivery worker.

use tracklane_core::Timestamp;
use tracklane_core::id::{EndpointId, EventId, MessageId, ShipmentId};
use tracklane_core::model::{Message, MessageState};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which messages are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// To this endpoint.
    pub endpoint_id: Option<EndpointId>,
    /// In this state.
    pub state: Option<MessageState>,
    /// About this event.
    pub event_id: Option<EventId>,
    /// About this shipment.
    pub shipment_id: Option<ShipmentId>,
    /// Of exactly this event type.
    pub event_type: Option<String>,
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The present instant: messages due up to it are claimed.
    pub now: Timestamp,
    /// Until when nobody else may claim them.
    pub lease_until: Timestamp,
    /// At most so many messages.
    pub limit: u32,
    /// Only the first so many pending messages of each endpoint are looked at, leased and not yet due ones included: one
    /// endpoint that does not answer holds up itself alone. 1 means strict order.
    pub per_endpoint: u32,
}

/// Adds messages, whose endpoints may be of many tenants under [`Scope::System`](crate::Scope).
pub async fn insert_many(db: &mut Db, messages: &[Message]) -> Result<()> {
    todo!()
}

/// The message with this id.
pub async fn get(db: &mut Db, id: MessageId) -> Result<Option<Message>> {
    todo!()
}

/// The messages of the tenant.
pub async fn list(db: &mut Db, filter: &MessageFilter, page: Page) -> Result<Listing<Message>> {
    todo!()
}

/// Takes pending messages that are due, oldest first; no two callers get the same one before its lease is over.
pub async fn claim_due_any_tenant(db: &mut Db, claim: Claim) -> Result<Vec<Message>> {
    todo!()
}

/// When the next pending message is due or its lease is over; none when nothing is pending.
pub async fn next_due_any_tenant(db: &mut Db) -> Result<Option<Timestamp>> {
    todo!()
}

/// Writes state, attempts and next attempt of a message after an attempt, and ends its lease; false when it is gone.
pub async fn finish_any_tenant(db: &mut Db, message: &Message) -> Result<bool> {
    todo!()
}

/// Makes a message pending again, due at `at`; false when there is none. The count of attempts begins anew.
pub async fn resend(db: &mut Db, id: MessageId, at: Timestamp) -> Result<bool> {
    todo!()
}

/// Marks every pending message of an endpoint as dead, and says how many.
pub async fn bury_of_endpoint_any_tenant(db: &mut Db, endpoint_id: EndpointId) -> Result<u64> {
    todo!()
}

/// Removes messages made before `at` that are not pending, with their attempts, and says how many.
pub async fn prune_any_tenant(db: &mut Db, at: Timestamp) -> Result<u64> {
    todo!()
}

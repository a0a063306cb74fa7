//! Webhook messages on their way: the work list of the delivery worker.

use std::collections::{HashMap, HashSet};

use tracklane_core::Timestamp;
use tracklane_core::id::{EndpointId, EventId, MessageId, ShipmentId};
use tracklane_core::model::{Message, MessageState};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, batches, tuple};

const TABLE: Table = Table {
    name: "messages",
    fixed: "endpoint_id, event_id, shipment_id, event_type, body, state, attempts, next_attempt_at, created_at",
    changing: "",
};

fn values(message: &Message) -> Vec<Value> {
    args![
        message.id,
        message.tenant_id,
        message.endpoint_id,
        message.event_id,
        message.shipment_id,
        &message.event_type,
        &message.body,
        message.state,
        message.attempts,
        message.next_attempt_at,
        message.created_at,
    ]
}

fn read(row: &Row) -> Result<Message> {
    Ok(Message {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        endpoint_id: row.get("endpoint_id")?,
        event_id: row.opt("event_id")?,
        shipment_id: row.opt("shipment_id")?,
        event_type: row.get("event_type")?,
        body: row.get("body")?,
        state: row.get("state")?,
        attempts: row.get("attempts")?,
        next_attempt_at: row.opt("next_attempt_at")?,
        created_at: row.get("created_at")?,
    })
}

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
    /// At most so many messages of each endpoint are out at the same time: one that does not answer holds up itself alone.
    pub per_endpoint: u32,
    /// A pending message holds back the later ones of the same shipment to the same endpoint until it has had so many
    /// attempts; 0 means that it never does.
    pub held_back_attempts: u32,
}

/// Adds messages, whose endpoints may be of many tenants under [`Scope::System`](crate::Scope).
pub async fn insert_many(db: &mut Db, messages: &[Message]) -> Result<()> {
    for message in messages {
        db.check_tenant(message.tenant_id)?;
    }
    TABLE.insert_many(db, messages.iter().map(values).collect()).await
}

/// The message with this id.
pub async fn get(db: &mut Db, id: MessageId) -> Result<Option<Message>> {
    TABLE.get(db, id, read).await
}

/// The messages of the tenant.
pub async fn list(db: &mut Db, filter: &MessageFilter, page: Page) -> Result<Listing<Message>> {
    let select = TABLE
        .select(db)?
        .is("endpoint_id", filter.endpoint_id)
        .is("state", filter.state)
        .is("event_id", filter.event_id)
        .is("shipment_id", filter.shipment_id)
        .is("event_type", filter.event_type.as_ref());
    select.page(db, page, read).await
}

/// Takes pending messages of active endpoints that are due, oldest first; no two callers get the same one before its lease
/// is over.
pub async fn claim_due_any_tenant(db: &mut Db, claim: Claim) -> Result<Vec<Message>> {
    db.check_system()?;
    // The first due messages of one endpoint, those that are out included: they were due before the others. The words
    // stand in the text, not in parameters, so that the partial indexes are found.
    let first = "SELECT d.id FROM messages d WHERE d.endpoint_id = e.id AND d.state = 'pending' \
                 AND d.next_attempt_at <= $2 AND NOT EXISTS (SELECT 1 FROM messages b WHERE b.endpoint_id = e.id \
                 AND b.shipment_id = d.shipment_id AND b.state = 'pending' AND b.id < d.id AND b.attempts < $3) \
                 ORDER BY d.next_attempt_at, d.id LIMIT $4";
    let sql = format!(
        "UPDATE messages SET leased_until = $1 WHERE id IN (SELECT c.id FROM messages c WHERE c.id IN ({}) \
         AND c.state = 'pending' AND (c.leased_until IS NULL OR c.leased_until <= $2) ORDER BY c.id LIMIT $5{}) \
         RETURNING {}",
        db.dialect().for_each_active_endpoint(first),
        db.dialect().for_update_skip_locked("c"),
        TABLE.columns()
    );
    let args = args![claim.lease_until, claim.now, claim.held_back_attempts, claim.per_endpoint, claim.limit];
    let mut claimed = db.many(sql, args, read).await?;
    claimed.sort_unstable_by_key(|message| message.id);
    Ok(claimed)
}

/// The greatest id of a message.
pub async fn newest_any_tenant(db: &mut Db) -> Result<Option<MessageId>> {
    db.check_system()?;
    db.one("SELECT id FROM messages ORDER BY id DESC LIMIT 1", args![], |row| row.get("id")).await
}

/// When the next pending message of an active endpoint is due, whether it is out or held back or not; none when nothing
/// is pending.
pub async fn next_due_any_tenant(db: &mut Db) -> Result<Option<Timestamp>> {
    db.check_system()?;
    let sql = "SELECT MIN((SELECT MIN(next_attempt_at) FROM messages WHERE endpoint_id = e.id AND state = 'pending')) AS due \
               FROM endpoints e WHERE e.state = 'active'";
    Ok(db.one(sql, args![], |row| row.opt("due")).await?.flatten())
}

/// Writes state, attempts and next attempt of messages after an attempt each, made under a lease until then, and ends the lease.
/// Answers those that are written: not what is gone, and not what somebody else took meanwhile because the lease was over.
pub async fn finish_many_any_tenant(db: &mut Db, messages: &[(Message, Timestamp)]) -> Result<HashSet<MessageId>> {
    db.check_system()?;
    let mut alike = HashMap::<_, Vec<Vec<Value>>>::new();
    for (message, lease_until) in messages {
        let Message { tenant_id, state, attempts, next_attempt_at, .. } = *message;
        alike.entry((tenant_id, state, attempts, next_attempt_at, *lease_until)).or_default().push(args![message.id]);
    }
    let mut finished = HashSet::new();
    for ((tenant_id, state, attempts, next_attempt_at, lease_until), ids) in alike {
        for some in batches(ids) {
            let sql = format!(
                "UPDATE messages SET state = $1, attempts = $2, next_attempt_at = $3, leased_until = NULL \
                 WHERE tenant_id = $4 AND state = $5 AND leased_until = $6 \
                 AND id IN {} RETURNING id",
                tuple(7, some.len())
            );
            let mut args = args![state, attempts, next_attempt_at, tenant_id, MessageState::Pending, lease_until];
            args.extend(some.into_iter().flatten());
            finished.extend(db.many(sql, args, |row| row.get::<MessageId>("id")).await?);
        }
    }
    Ok(finished)
}

/// Makes a message pending again, due at `at`; false when there is none. The count of attempts begins anew.
pub async fn resend(db: &mut Db, id: MessageId, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE messages SET state = $3, attempts = 0, next_attempt_at = $4, leased_until = NULL \
               WHERE tenant_id = $1 AND id = $2";
    Ok(db.run(sql, args![db.tenant()?, id, MessageState::Pending, at]).await? > 0)
}

/// Marks every pending message of an endpoint as dead, and says how many.
pub async fn bury_of_endpoint_any_tenant(db: &mut Db, endpoint_id: EndpointId) -> Result<u64> {
    db.check_system()?;
    let sql = "UPDATE messages SET state = $2, next_attempt_at = NULL, leased_until = NULL \
               WHERE endpoint_id = $1 AND state = $3";
    db.run(sql, args![endpoint_id, MessageState::Dead, MessageState::Pending]).await
}

/// Removes messages made before `at`, with their attempts, and says how many. One that was due since then stays; those that
/// were due before are the ones of endpoints that are paused.
pub async fn prune_any_tenant(db: &mut Db, at: Timestamp) -> Result<u64> {
    db.check_system()?;
    let sql = "DELETE FROM messages WHERE created_at < $1 AND (next_attempt_at IS NULL OR next_attempt_at < $1)";
    db.run(sql, args![at]).await
}

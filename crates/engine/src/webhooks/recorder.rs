//! Writing down how attempts ended: whatever has ended by now, in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::{AttemptId, EndpointId, EventId, TenantId};
use tracklane_core::model::{Attempt, AttemptOutcome, Caller, Message, MessageState};
use tracklane_core::position::Attributes;
use tracklane_notify::webhook::{AttemptResult, Verdict};
use tracklane_store::{Db, Scope, attempts, endpoints, events, messages};

use super::service::Inner;
use crate::error::Result;

/// How many results are written in one transaction at most.
const TURN: usize = 500;

/// How long to wait after an error.
const PAUSE: Duration = Duration::from_millis(500);

/// How often writing is tried.
const PATIENCE: u32 = 20;

/// Why an endpoint was disabled that answered 410.
const GONE: &str = "answered 410 Gone";

/// A delivery that has ended.
pub(super) struct Finished {
    pub message: Message,
    /// Until when it was this process's to send.
    pub lease_until: Timestamp,
    pub outcome: Outcome,
    /// Its place among the deliveries; free again when the result is written down.
    #[expect(dead_code, reason = "held, not read")]
    pub permit: OwnedSemaphorePermit,
}

/// How a delivery ended.
pub(super) enum Outcome {
    /// An attempt was made.
    Tried {
        /// When.
        at: Timestamp,
        /// How it ended.
        result: AttemptResult,
    },
    /// None was made, or it was broken off: the message stays as it was.
    Untried,
}

/// Works until no delivery is left.
pub(super) async fn run(inner: Arc<Inner>, mut results: mpsc::UnboundedReceiver<Finished>, stop: CancellationToken) {
    let mut batch = Vec::new();
    while results.recv_many(&mut batch, TURN).await > 0 {
        let records: Vec<Record> = batch.iter().map(|finished| judge(&inner, finished)).collect();
        for endpoint in write_patiently(&inner, &records, &stop).await {
            if let Err(error) = endpoint.disable(&inner).await {
                tracing::warn!(endpoint = %endpoint.id, %error, "could not disable a webhook endpoint");
            }
        }
        batch.clear();
        inner.wake.notify_one();
    }
}

/// Writes, again and again if need be. When it does not succeed the leases run out, and the messages are sent again.
async fn write_patiently(inner: &Inner, records: &[Record], stop: &CancellationToken) -> Vec<Condemned> {
    for _ in 0..PATIENCE {
        match write(inner, records).await {
            Ok(condemned) => return condemned,
            Err(error) => tracing::warn!(%error, "could not write down webhook attempts"),
        }
        if stop.is_cancelled() {
            break;
        }
        sleep(PAUSE).await;
    }
    Vec::new()
}

/// What is to be written.
struct Record {
    message: Message,
    lease_until: Timestamp,
    attempt: Option<Attempt>,
    /// The endpoint wants nothing more.
    gone: bool,
}

/// What becomes of a message.
fn judge(inner: &Inner, finished: &Finished) -> Record {
    let mut message = finished.message.clone();
    let Outcome::Tried { at, result } = &finished.outcome else {
        return Record { message, lease_until: finished.lease_until, attempt: None, gone: false };
    };
    inner.count(result.outcome);
    message.attempts = message.attempts.saturating_add(1);
    let random = u64::from_le_bytes(inner.base.env.random());
    let verdict = inner.schedule.after(message.attempts, result, inner.base.env.now(), random);
    (message.state, message.next_attempt_at) = match verdict {
        Verdict::Delivered => (MessageState::Delivered, None),
        Verdict::Retry(at) => (MessageState::Pending, Some(at)),
        Verdict::Dead | Verdict::Gone => (MessageState::Dead, None),
    };
    let attempt = Attempt {
        id: AttemptId::new(&inner.base.env),
        tenant_id: message.tenant_id,
        message_id: message.id,
        endpoint_id: message.endpoint_id,
        number: message.attempts,
        outcome: result.outcome,
        http_status: result.http_status,
        detail: result.detail.clone(),
        duration_ms: result.duration_ms,
        at: *at,
    };
    let gone = verdict == Verdict::Gone;
    Record { message, lease_until: finished.lease_until, attempt: Some(attempt), gone }
}

async fn write(inner: &Inner, records: &[Record]) -> Result<Vec<Condemned>> {
    let mut tx = inner.base.store.begin(Scope::System).await?;
    let messages: Vec<_> = records.iter().map(|record| (record.message.clone(), record.lease_until)).collect();
    // The others were deleted with their endpoints in the meantime, or are another process's by now.
    let there = messages::finish_many_any_tenant(&mut tx, &messages).await?;
    let records = || records.iter().filter(|record| there.contains(&record.message.id));
    let attempts: Vec<_> = records().filter_map(|record| record.attempt.clone()).collect();
    attempts::insert_many_any_tenant(&mut tx, &attempts).await?;
    let mut endpoints = BTreeMap::<EndpointId, Told>::new();
    for record in records() {
        if let Some(attempt) = &record.attempt {
            endpoints.entry(attempt.endpoint_id).or_insert(Told::new(attempt.tenant_id)).add(attempt, record.gone);
        }
    }
    let mut condemned = Vec::new();
    for (id, told) in endpoints {
        condemned.extend(told.note(inner, &mut tx, id).await?);
    }
    tx.commit().await?;
    Ok(condemned)
}

/// What attempts, in their order, tell of their endpoint.
struct Told {
    tenant_id: TenantId,
    succeeded: bool,
    /// The first failure since the last success.
    failed_at: Option<Timestamp>,
    /// It wants nothing more.
    gone: bool,
}

impl Told {
    fn new(tenant_id: TenantId) -> Self {
        Self { tenant_id, succeeded: false, failed_at: None, gone: false }
    }

    fn add(&mut self, attempt: &Attempt, gone: bool) {
        self.gone |= gone;
        if attempt.outcome == AttemptOutcome::Success {
            (self.succeeded, self.failed_at) = (true, None);
        } else {
            self.failed_at.get_or_insert(attempt.at);
        }
    }

    /// Writes it down. Answers whether the endpoint is to be disabled.
    async fn note(self, inner: &Inner, db: &mut Db, id: EndpointId) -> Result<Option<Condemned>> {
        let mut failing_since = None;
        if self.succeeded {
            endpoints::note_attempt_any_tenant(db, id, None).await?;
        }
        if self.failed_at.is_some() {
            failing_since = endpoints::note_attempt_any_tenant(db, id, self.failed_at).await?;
        }
        let reason = if self.gone { Some(GONE.to_owned()) } else { failing_since.and_then(|at| too_long(inner, at)) };
        Ok(reason.map(|reason| Condemned { tenant_id: self.tenant_id, id, reason }))
    }
}

fn too_long(inner: &Inner, since: Timestamp) -> Option<String> {
    let limit = SignedDuration::from_secs(inner.base.settings.webhooks.disable_after_seconds);
    let failing = inner.base.env.now().duration_since(since);
    (failing >= limit).then(|| format!("every attempt has failed since {since}"))
}

/// An endpoint that is to be disabled.
struct Condemned {
    tenant_id: TenantId,
    id: EndpointId,
    reason: String,
}

impl Condemned {
    /// Switches the endpoint off, gives up what is on its way to it, and tells everybody who listens.
    async fn disable(&self, inner: &Inner) -> Result<()> {
        let base = &inner.base;
        let now = base.env.now();
        let mut tx = base.store.begin(Scope::System).await?;
        if !endpoints::disable_any_tenant(&mut tx, self.id, &self.reason, now).await? {
            return Ok(());
        }
        let given_up = messages::bury_of_endpoint_any_tenant(&mut tx, self.id).await?;
        let mut data = Attributes::new();
        data.insert("reason".to_owned(), json!(self.reason));
        data.insert("messages_given_up".to_owned(), json!(given_up));
        let mut event = Event {
            id: EventId::new(&base.env),
            tenant_id: self.tenant_id,
            kind: EventKind::EndpointDisabled,
            occurred_at: now,
            recorded_at: now,
            shipment_id: None,
            sequence: 0,
            driver_id: None,
            device_id: None,
            zone_id: None,
            endpoint_id: Some(self.id),
            data: data.clone(),
        };
        tx.narrow(self.tenant_id)?;
        events::append(&mut tx, &mut event).await?;
        let caller = Caller::system(self.tenant_id);
        base.audit_with(&mut tx, &caller, "endpoint.disabled", self.id.to_string(), data).await?;
        tx.commit().await?;
        tracing::warn!(endpoint = %self.id, reason = self.reason, "webhook endpoint disabled");
        Ok(())
    }
}

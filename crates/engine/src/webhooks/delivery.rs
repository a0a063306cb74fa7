//! From due messages to attempts: many at a time, few per endpoint, so that a slow one holds up itself alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{AttemptOutcome, Endpoint, EndpointState, Message};
use tracklane_notify::webhook::{AttemptResult, Request, Secret};
use tracklane_store::endpoints::EndpointSecrets;
use tracklane_store::messages::{self, Claim};
use tracklane_store::{Db, Scope, endpoints};

use super::endpoints::read_secret;
use super::recorder::{self, Finished, Outcome};
use super::service::Inner;
use crate::error::Result;

/// How long a message that becomes due may wait until we look.
const POLL: Duration = Duration::from_millis(250);

/// How long to wait after a wake-up, so that one look finds many messages.
const GATHER: Duration = Duration::from_millis(2);

/// How many attempts a message has before those behind it, of the same shipment, may overtake it.
const HELD_BACK_ATTEMPTS: u32 = 3;

/// How often old messages are removed.
const SWEEP: Duration = Duration::from_secs(3_600);

/// How long deliveries on their way may take when the work is to end.
const GRACE: Duration = Duration::from_secs(2);

/// Works until `stop` is cancelled and what is on its way has ended.
pub(super) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(inner.base.settings.webhooks.concurrency));
    let (finished, results) = mpsc::unbounded_channel();
    let recorder = tokio::spawn(recorder::run(inner.clone(), results, stop.clone()));
    let sweeper = tokio::spawn(sweep(inner.clone(), stop.clone()));
    let work = Work { inner: inner.clone(), slots, finished, stop: stop.clone() };
    while !stop.is_cancelled() {
        let more = work.claim().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "could not take webhook messages; it will be tried again");
            false
        });
        if more {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = inner.wake.notified() => sleep(GATHER).await,
            () = sleep(POLL) => {}
        }
    }
    // The recorder ends when the last delivery has told it how it ended.
    drop(work);
    for worker in [recorder, sweeper] {
        if let Err(error) = worker.await {
            tracing::error!(%error, "a webhook worker has failed");
        }
    }
}

struct Work {
    inner: Arc<Inner>,
    slots: Arc<Semaphore>,
    finished: mpsc::UnboundedSender<Finished>,
    stop: CancellationToken,
}

impl Work {
    /// Takes as many due messages as there is room for and sends them off. Answers whether there may be more.
    async fn claim(&self) -> Result<bool> {
        let now = self.inner.base.env.now();
        // A look is cheap; taking messages needs the database's only writer.
        let mut db = self.inner.base.store.read(Scope::System).await?;
        let due = messages::next_due_any_tenant(&mut db).await?;
        drop(db);
        if due.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let mut permits = Vec::new();
        while let Ok(permit) = self.slots.clone().try_acquire_owned() {
            permits.push(permit);
        }
        if permits.is_empty() {
            return Ok(false);
        }
        let settings = &self.inner.base.settings.webhooks;
        let claim = Claim {
            now,
            lease_until: now
                .saturating_add(SignedDuration::from_secs(settings.lease_seconds))
                .unwrap_or(Timestamp::MAX),
            limit: u32::try_from(permits.len()).unwrap_or(u32::MAX),
            per_endpoint: u32::try_from(settings.concurrency_per_endpoint).unwrap_or(u32::MAX),
            held_back_attempts: HELD_BACK_ATTEMPTS,
        };
        let mut tx = self.inner.base.store.begin(Scope::System).await?;
        let claimed = messages::claim_due_any_tenant(&mut tx, claim).await?;
        // Whatever goes wrong before the commit gives the messages back.
        let targets = self.targets(&mut tx, &claimed, now).await?;
        tx.commit().await?;
        let full = claimed.len() == permits.len();
        for (message, permit) in claimed.into_iter().zip(permits) {
            self.send_off(message, permit, &targets);
        }
        Ok(full)
    }

    /// The endpoints of these messages, with the secrets that sign now.
    async fn targets(
        &self,
        db: &mut Db,
        claimed: &[Message],
        now: Timestamp,
    ) -> Result<HashMap<EndpointId, Arc<Target>>> {
        let mut targets = HashMap::new();
        for message in claimed {
            if targets.contains_key(&message.endpoint_id) {
                continue;
            }
            if let Some((endpoint, sealed)) = endpoints::find_any_tenant(db, message.endpoint_id).await? {
                let secrets = self.open(&endpoint, &sealed, now);
                targets.insert(endpoint.id, Arc::new(Target { endpoint, secrets }));
            }
        }
        Ok(targets)
    }

    /// The secrets that sign now. One that cannot be read concerns its endpoint alone: it signs nothing.
    fn open(&self, endpoint: &Endpoint, sealed: &EndpointSecrets, now: Timestamp) -> Vec<Secret> {
        let rotating = sealed.previous_until.is_some_and(|until| now < until);
        let previous = sealed.previous.as_ref().filter(|_| rotating);
        let read = |sealed: &Vec<u8>| {
            let secret = read_secret(&self.inner, endpoint.id, sealed);
            secret.inspect_err(|error| tracing::error!(endpoint = %endpoint.id, %error, "a secret signs nothing")).ok()
        };
        [Some(&sealed.current), previous].into_iter().flatten().filter_map(read).collect()
    }

    fn send_off(&self, message: Message, permit: OwnedSemaphorePermit, targets: &HashMap<EndpointId, Arc<Target>>) {
        let target = targets.get(&message.endpoint_id).filter(|t| t.endpoint.state == EndpointState::Active).cloned();
        let (inner, stop, finished) = (self.inner.clone(), self.stop.clone(), self.finished.clone());
        tokio::spawn(async move {
            let outcome = match target {
                Some(target) => attempt(&inner, &message, &target, &stop).await,
                // Paused or disabled a moment ago.
                None => Outcome::Untried,
            };
            // The recorder outlives every delivery.
            let _ = finished.send(Finished { message, outcome, permit });
        });
    }
}

/// Where messages go, and who signs.
struct Target {
    endpoint: Endpoint,
    secrets: Vec<Secret>,
}

async fn attempt(inner: &Inner, message: &Message, target: &Target, stop: &CancellationToken) -> Outcome {
    let at = inner.base.env.now();
    if target.secrets.is_empty() {
        return Outcome::Tried { at, result: unsigned() };
    }
    let request = Request {
        url: target.endpoint.url.clone(),
        id: message.id.to_string(),
        timestamp: at.as_second(),
        body: message.body.clone(),
        secrets: target.secrets.clone(),
    };
    let out_of_time = async {
        stop.cancelled().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        result = inner.sender.send(request) => Outcome::Tried { at, result },
        () = out_of_time => Outcome::Untried,
    }
}

fn unsigned() -> AttemptResult {
    AttemptResult {
        outcome: AttemptOutcome::Unsigned,
        http_status: None,
        detail: Some("the secret of the endpoint cannot be read; rotate it".to_owned()),
        retry_after: None,
        duration_ms: 0,
    }
}

/// Removes old messages, now and then.
async fn sweep(inner: Arc<Inner>, stop: CancellationToken) {
    loop {
        if let Err(error) = sweep_once(&inner).await {
            tracing::warn!(%error, "could not remove old webhook messages");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(SWEEP) => {}
        }
    }
}

async fn sweep_once(inner: &Inner) -> Result<()> {
    let age = SignedDuration::from_hours(inner.base.settings.webhooks.keep_days.saturating_mul(24));
    let before = inner.base.env.now().saturating_sub(age).unwrap_or(Timestamp::MIN);
    let mut tx = inner.base.store.begin(Scope::System).await?;
    messages::prune_any_tenant(&mut tx, before).await?;
    Ok(tx.commit().await?)
}

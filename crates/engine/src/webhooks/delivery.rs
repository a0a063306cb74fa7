//! From due messages to attempts: many at a time, few per endpoint, so that a slow one holds up itself alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep};
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

/// How many times as many messages are claimed as may be sent at the same time: the next ones are there while those before
/// are written down.
const AHEAD: usize = 4;

/// For how long what is known of an endpoint counts after its messages were claimed: then it is looked at again.
const FRESH: Duration = Duration::from_millis(200);

/// How many attempts a message has before those behind it, of the same shipment, may overtake it.
const HELD_BACK_ATTEMPTS: u32 = 3;

/// How often old messages are removed.
const SWEEP: Duration = Duration::from_secs(3_600);

/// How long deliveries on their way may take when the work is to end.
const GRACE: Duration = Duration::from_secs(2);

/// Works until `stop` is cancelled and what is on its way has ended.
pub(super) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let settings = &inner.base.settings.webhooks;
    let room = Arc::new(Semaphore::new(settings.concurrency.saturating_mul(AHEAD)));
    let lines = Lines { all: Arc::new(Semaphore::new(settings.concurrency)), each: Mutex::default() };
    let (finished, results) = mpsc::unbounded_channel();
    let recorder = tokio::spawn(recorder::run(inner.clone(), results, stop.clone()));
    let sweeper = tokio::spawn(sweep(inner.clone(), stop.clone()));
    let work = Work { inner: inner.clone(), room, lines, finished, stop: stop.clone() };
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
    /// For messages that are claimed and not written down yet.
    room: Arc<Semaphore>,
    lines: Lines,
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
        while let Ok(permit) = self.room.clone().try_acquire_owned() {
            permits.push(permit);
        }
        if permits.is_empty() {
            return Ok(false);
        }
        let settings = &self.inner.base.settings.webhooks;
        let claim = Claim {
            now,
            lease_until: now.saturating_add(lease(&self.inner)).unwrap_or(Timestamp::MAX),
            limit: u32::try_from(permits.len()).unwrap_or(u32::MAX),
            per_endpoint: u32::try_from(settings.concurrency_per_endpoint.saturating_mul(AHEAD)).unwrap_or(u32::MAX),
            held_back_attempts: HELD_BACK_ATTEMPTS,
        };
        let mut tx = self.inner.base.store.begin(Scope::System).await?;
        let claimed = messages::claim_due_any_tenant(&mut tx, claim).await?;
        // Whatever goes wrong before the commit gives the messages back.
        let mut targets = HashMap::new();
        for message in &claimed {
            if let Entry::Vacant(place) = targets.entry(message.endpoint_id) {
                place.insert(target(&self.inner, &mut tx, message.endpoint_id).await?);
            }
        }
        tx.commit().await?;
        let full = claimed.len() == permits.len();
        for (message, permit) in claimed.into_iter().zip(permits) {
            let target = targets.get(&message.endpoint_id).cloned().flatten();
            self.send_off(message, permit, target, claim.lease_until);
        }
        Ok(full)
    }

    fn send_off(
        &self,
        message: Message,
        permit: OwnedSemaphorePermit,
        target: Option<Arc<Target>>,
        lease_until: Timestamp,
    ) {
        let (inner, stop, finished) = (self.inner.clone(), self.stop.clone(), self.finished.clone());
        let line = self.lines.of(message.endpoint_id, inner.base.settings.webhooks.concurrency_per_endpoint);
        let claimed_at = Instant::now();
        tokio::spawn(async move {
            let turn = line.turn(&stop).await;
            // Who has waited so long that the answer may come after the lease lets another one send it.
            let late = inner.base.env.now().saturating_add(patience(&inner)).is_ok_and(|latest| latest > lease_until);
            let target = match target {
                _ if turn.is_none() || late => None,
                Some(target) if claimed_at.elapsed() < FRESH => Some(target),
                _ => target_now(&inner, message.endpoint_id).await,
            };
            let outcome = match target {
                Some(target) => attempt(&inner, &message, &target, &stop).await,
                // Paused or disabled a moment ago, or the end has come.
                None => Outcome::Untried,
            };
            drop(turn);
            // The recorder outlives every delivery.
            let _ = finished.send(Finished { message, lease_until, outcome, permit });
        });
    }
}

/// An endpoint that is sent to, with the secrets that sign now; none when it is gone, paused or disabled.
async fn target(inner: &Inner, db: &mut Db, id: EndpointId) -> Result<Option<Arc<Target>>> {
    let found = endpoints::find_any_tenant(db, id).await?;
    let Some((endpoint, sealed)) = found.filter(|(endpoint, _)| endpoint.state == EndpointState::Active) else {
        return Ok(None);
    };
    let secrets = open(inner, &endpoint, &sealed);
    Ok(Some(Arc::new(Target { endpoint, secrets })))
}

/// The same, for a message that has waited: the endpoint may be another one by now.
async fn target_now(inner: &Inner, id: EndpointId) -> Option<Arc<Target>> {
    let read = async { target(inner, &mut inner.base.store.read(Scope::System).await?, id).await };
    let read: Result<_> = read.await;
    read.unwrap_or_else(|error| {
        tracing::warn!(endpoint = %id, %error, "a webhook message waits for the database");
        None
    })
}

/// The secrets that sign now. One that cannot be read concerns its endpoint alone: it signs nothing.
fn open(inner: &Inner, endpoint: &Endpoint, sealed: &EndpointSecrets) -> Vec<Secret> {
    let now = inner.base.env.now();
    let rotating = sealed.previous_until.is_some_and(|until| now < until);
    let previous = sealed.previous.as_ref().filter(|_| rotating);
    let read = |sealed: &Vec<u8>| {
        let secret = read_secret(inner, endpoint.id, sealed);
        secret.inspect_err(|error| tracing::error!(endpoint = %endpoint.id, %error, "a secret signs nothing")).ok()
    };
    [Some(&sealed.current), previous].into_iter().flatten().filter_map(read).collect()
}

fn lease(inner: &Inner) -> SignedDuration {
    SignedDuration::from_secs(inner.base.settings.webhooks.lease_seconds)
}

/// How long an attempt may take.
fn patience(inner: &Inner) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(inner.base.settings.webhooks.timeout_ms).unwrap_or(i64::MAX))
}

/// Who may send now: so many at the same time, and so many to each endpoint.
struct Lines {
    all: Arc<Semaphore>,
    each: Mutex<HashMap<EndpointId, Weak<Semaphore>>>,
}

/// The line of those who send to one endpoint.
struct Line {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

impl Lines {
    fn of(&self, endpoint: EndpointId, most: usize) -> Line {
        let mut each = self.each.lock();
        let known = each.get(&endpoint).and_then(Weak::upgrade);
        let own = known.unwrap_or_else(|| {
            // Those that nobody stands in are forgotten.
            each.retain(|_, line| line.strong_count() > 0);
            let own = Arc::new(Semaphore::new(most));
            each.insert(endpoint, Arc::downgrade(&own));
            own
        });
        Line { all: self.all.clone(), own }
    }
}

impl Line {
    /// Waits for a turn; none when the end comes first.
    async fn turn(&self, stop: &CancellationToken) -> Option<(SemaphorePermit<'_>, SemaphorePermit<'_>)> {
        let turn = async {
            // The endpoint's own first: who waits there holds up nobody else.
            let own = self.own.acquire().await.ok()?;
            Some((own, self.all.acquire().await.ok()?))
        };
        tokio::select! {
            turn = turn => turn,
            () = stop.cancelled() => None,
        }
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

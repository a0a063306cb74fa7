//! Requests that are sent again: each is done once, and its answer is kept for those who ask again. Requests hold passwords
//! and answers hold secrets: of the one a keyed hash is kept, the other is sealed.
//!
//! That the work was done is noted in the transaction of the work itself, so that no crash falls in between: afterwards
//! either nothing has happened, and the request may be tried again, or it is known that it has. Only the answer, which is
//! made after the commit, can be lost; then that is said, and nothing is done again. Work of several transactions may be
//! cut short by a crash; it is not begun again either.

use std::sync::Arc;

use tokio::task_local;
use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::Caller;
use tracklane_store::idempotency::{
    Answer, Attempt, RequestKey, Seen, begin, finish, forget, mark_worked, prune_any_tenant,
};
use tracklane_store::{Db, Scope};

use crate::base::Base;
use crate::error::{Error, Result};

/// For how long an attempt may be in progress before it is taken for lost with its process, in seconds.
const IN_PROGRESS_SECONDS: i64 = 300;

task_local! {
    /// The attempt whose work is being done.
    static AT_WORK: Claim;
}

/// A request that may come again.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who sends it.
    pub caller: Caller,
    /// Method and path.
    pub route: String,
    /// What the caller calls it; unique per caller and route.
    pub key: String,
    /// What it says, as a hash: all that must be the same when it comes again.
    pub fingerprint: Vec<u8>,
    /// For how many hours it is known.
    pub hours: u32,
}

/// What is known of a request when it comes in.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: it is the caller's to do, under this claim, and then to finish or to forget.
    New(Claim),
    /// It is being handled.
    InProgress,
    /// It was handled, with this answer.
    Done {
        /// The status of the answer.
        status: u16,
        /// The body that was kept.
        body: Vec<u8>,
    },
    /// It was done, but the answer was lost with the process that made it.
    AnswerLost,
    /// The same key came with something else before.
    Mismatch,
}

/// The right to do the work of a request, once.
#[derive(Debug, Clone)]
pub struct Claim {
    caller: Caller,
    attempt: Attempt,
    known_until: Timestamp,
}

impl Claim {
    /// Does the work: every transaction that it begins for its caller belongs to this claim.
    pub async fn work<T>(&self, work: impl Future<Output = T>) -> T {
        AT_WORK.scope(self.clone(), work).await
    }

    /// What the answer is sealed for.
    fn context(&self) -> String {
        context(&self.attempt.request)
    }
}

/// Work that belongs to the request that is being handled here, wherever it is done.
pub(crate) fn along<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let claim = AT_WORK.try_with(Clone::clone).ok();
    async move {
        match claim {
            Some(claim) => AT_WORK.scope(claim, work).await,
            None => work.await,
        }
    }
}

/// Makes a transaction part of the work of the request that is being handled, if that may be sent again.
pub(crate) async fn mark(db: &mut Db) -> Result<()> {
    let Ok(claim) = AT_WORK.try_with(Clone::clone) else { return Ok(()) };
    if mark_worked(db, &claim.attempt, claim.known_until).await? {
        return Ok(());
    }
    Err(Error::Conflict("this attempt took so long that the request was given to another one".to_owned()))
}

/// Requests that are sent again. Cheap to clone.
#[derive(Clone)]
pub struct Idempotency {
    base: Arc<Base>,
}

impl Idempotency {
    pub(crate) fn new(base: &Arc<Base>) -> Self {
        Self { base: base.clone() }
    }

    /// Looks a request up and, if it is new, notes it as in progress.
    ///
    /// # Errors
    /// When the store does not answer, or the answer was kept under another master key.
    pub async fn begin(&self, request: &Request) -> Result<Begun> {
        let now = self.base.env.now();
        let attempt = Attempt { request: key(request), begun_at: now };
        let fingerprint = self.base.secrets.fingerprint("idempotency", &request.fingerprint);
        let mut tx = self.base.begin(&request.caller).await?;
        let seen = begin(&mut tx, &attempt, &fingerprint, later(now, IN_PROGRESS_SECONDS)).await?;
        tx.commit().await?;
        Ok(match seen {
            Seen::New => {
                let known_until = later(now, i64::from(request.hours) * 3600);
                Begun::New(Claim { caller: request.caller.clone(), attempt, known_until })
            }
            Seen::Open { begun_at: Some(at), worked: true } if later(at, IN_PROGRESS_SECONDS) <= now => {
                Begun::AnswerLost
            }
            Seen::Open { .. } => Begun::InProgress,
            Seen::Done(Answer { status, body }) => {
                Begun::Done { status, body: self.base.secrets.unseal(&context(&attempt.request), &body)? }
            }
            Seen::Mismatch => Begun::Mismatch,
        })
    }

    /// Keeps the answer of a request that is in progress.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn finish(&self, claim: &Claim, status: u16, body: &[u8]) -> Result<()> {
        let body = self.base.secrets.seal(&self.base.env, &claim.context(), body)?;
        let mut tx = self.base.begin(&claim.caller).await?;
        finish(&mut tx, &claim.attempt, &Answer { status, body }, claim.known_until).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets a request that is in progress, unless it did something before it failed, so that it may be tried again.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget(&self, claim: &Claim) -> Result<()> {
        let mut tx = self.base.begin(&claim.caller).await?;
        forget(&mut tx, &claim.attempt).await?;
        Ok(tx.commit().await?)
    }

    /// Removes what has expired, and says how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn prune(&self) -> Result<u64> {
        let mut tx = self.base.store.begin(Scope::System).await?;
        let pruned = prune_any_tenant(&mut tx, self.base.env.now()).await?;
        tx.commit().await?;
        Ok(pruned)
    }
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

fn key(request: &Request) -> RequestKey {
    let principal = match request.caller.actor {
        Actor::User(id) => id.to_string(),
        Actor::ApiKey(id) => id.to_string(),
        Actor::Driver(id) => id.to_string(),
        Actor::Device(id) => id.to_string(),
        Actor::System => "system".to_owned(),
    };
    RequestKey { principal, route: request.route.clone(), key: request.key.clone() }
}

/// What an answer is sealed for.
fn context(RequestKey { principal, route, key }: &RequestKey) -> String {
    format!("answer:{principal} {route} {key}")
}

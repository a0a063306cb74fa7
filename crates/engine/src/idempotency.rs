//! Requests that are sent again: each is done once, and its answer is kept for those who ask again. Requests hold passwords
//! and answers hold secrets: of the one a keyed hash is kept, the other is sealed.

use std::sync::Arc;

use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::Caller;
use tracklane_store::idempotency::{Answer, RequestKey, Seen, begin, finish, forget, prune_any_tenant};
use tracklane_store::{Scope, Store};

use crate::base::Base;
use crate::error::Result;

/// For how long a request may be in progress before it is taken for lost with its process, in seconds.
const IN_PROGRESS_SECONDS: i64 = 300;

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
}

/// What is known of a request when it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is the caller's to do, and then to finish or to forget.
    New,
    /// It is being handled.
    InProgress,
    /// It was handled, with this answer.
    Done {
        /// The status of the answer.
        status: u16,
        /// The body that was kept.
        body: Vec<u8>,
    },
    /// The same key came with something else before.
    Mismatch,
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
        let mut tx = self.base.begin(&request.caller).await?;
        let until = later(now, IN_PROGRESS_SECONDS);
        let fingerprint = self.base.secrets.fingerprint("idempotency", &request.fingerprint);
        let seen = begin(&mut tx, &key(request), &fingerprint, now, until).await?;
        tx.commit().await?;
        Ok(match seen {
            Seen::New => Begun::New,
            Seen::InProgress => Begun::InProgress,
            Seen::Done(Answer { status, body }) => {
                Begun::Done { status, body: self.base.secrets.unseal(&context(request), &body)? }
            }
            Seen::Mismatch => Begun::Mismatch,
        })
    }

    /// Keeps the answer of a request that is in progress, for so many hours.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn finish(&self, request: &Request, status: u16, body: &[u8], hours: u32) -> Result<()> {
        let until = later(self.base.env.now(), i64::from(hours) * 3600);
        let body = self.base.secrets.seal(&self.base.env, &context(request), body)?;
        let mut tx = self.base.begin(&request.caller).await?;
        finish(&mut tx, &key(request), &Answer { status, body }, until).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets a request that is in progress, because it changed nothing and may be tried again.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget(&self, request: &Request) -> Result<()> {
        let mut tx = self.base.begin(&request.caller).await?;
        forget(&mut tx, &key(request)).await?;
        Ok(tx.commit().await?)
    }

    /// Removes what has expired, and says how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn prune(&self) -> Result<u64> {
        let store: &Store = &self.base.store;
        let mut tx = store.begin(Scope::System).await?;
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
fn context(request: &Request) -> String {
    let RequestKey { principal, route, key } = key(request);
    format!("answer:{principal} {route} {key}")
}

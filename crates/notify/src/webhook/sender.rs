//! One attempt over HTTP.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect;
use tokio::time::Instant;
use tracklane_core::model::AttemptOutcome;

use super::guard::{Blocked, Guard, GuardedResolver, Lookup, SystemLookup};
use super::retry::RetryAfter;
use super::secret::Secret;
use super::signature::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use crate::Error;

/// How many characters of an answer's body, or of an error, are kept.
const DETAIL_CHARS: usize = 1_000;

/// How long an answer's body is read for at most: the status has decided already, and a receiver that dribbles must not
/// hold a place.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// How a [`Sender`] behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct SenderSettings {
    /// How long a receiver may take from the connection to the answer's headers, 1 to 60 seconds. Default: 20.
    pub timeout: Duration,
    /// How we name ourselves.
    pub user_agent: String,
    /// How many connections to one receiver are kept for the next messages. As many as are sent to one at the same time, or
    /// the rest is made anew each time. Default: 16.
    pub idle_connections: usize,
    /// Which addresses may be called.
    pub guard: Guard,
}

impl Default for SenderSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            user_agent: concat!("Tracklane/", env!("CARGO_PKG_VERSION")).to_owned(),
            idle_connections: 16,
            guard: Guard::default(),
        }
    }
}

/// One message to deliver now.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// The message's id, the same on every attempt.
    pub id: String,
    /// The time of the attempt, in Unix seconds.
    pub timestamp: i64,
    /// The exact body, JSON.
    pub body: String,
    /// Who signs, the newest first.
    pub secrets: Vec<Secret>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptResult {
    /// In one word.
    pub outcome: AttemptOutcome,
    /// The HTTP status answered.
    pub http_status: Option<u16>,
    /// What went wrong, or the first 1,000 characters of the answer's body.
    pub detail: Option<String>,
    /// How long the receiver asks us to wait.
    pub retry_after: Option<RetryAfter>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

impl AttemptResult {
    fn failed(outcome: AttemptOutcome, detail: &str, started: Instant) -> Self {
        Self {
            outcome,
            http_status: None,
            detail: Some(detail.chars().take(DETAIL_CHARS).collect()),
            retry_after: None,
            duration_ms: millis_since(started),
        }
    }
}

/// Delivers messages. Built once, cheap to clone; connections are kept and used again.
#[derive(Debug, Clone)]
pub struct Sender {
    client: reqwest::Client,
    guard: Guard,
}

impl Sender {
    /// A sender that asks the operating system for the addresses of names.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(settings: SenderSettings) -> Result<Self, Error> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    /// A sender with its own way to look names up.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn with_lookup(settings: SenderSettings, lookup: Arc<dyn Lookup>) -> Result<Self, Error> {
        // The first one to install a provider wins; every one of ours installs the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "this is where the guarded client is made")]
        let client = reqwest::Client::builder()
            .user_agent(settings.user_agent)
            .timeout(settings.timeout)
            .redirect(redirect::Policy::none())
            // A proxy from the environment would make the connection for us, unchecked.
            .no_proxy()
            .dns_resolver(GuardedResolver::new(settings.guard.clone(), lookup))
            .pool_max_idle_per_host(settings.idle_connections)
            .build()
            .map_err(Error::Client)?;
        Ok(Self { client, guard: settings.guard })
    }

    /// Makes one attempt. It never fails: whatever happens is a result.
    pub async fn send(&self, request: Request) -> AttemptResult {
        let started = Instant::now();
        // Addresses written into the URL never reach the resolver: they are checked here.
        let url = match self.guard.check_url(&request.url) {
            Ok(url) => url,
            Err(blocked) => return AttemptResult::failed(AttemptOutcome::Blocked, &blocked.to_string(), started),
        };
        let signature = sign(&request.id, request.timestamp, request.body.as_bytes(), &request.secrets);
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ID_HEADER, request.id)
            .header(TIMESTAMP_HEADER, request.timestamp)
            .header(SIGNATURE_HEADER, signature)
            .body(request.body)
            .send()
            .await;
        match sent {
            Ok(answer) => read(answer, started).await,
            Err(error) => explain(&error, started),
        }
    }
}

/// What an answer means.
async fn read(answer: reqwest::Response, started: Instant) -> AttemptResult {
    let status = answer.status();
    let duration_ms = millis_since(started);
    let retry_after =
        answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(RetryAfter::parse);
    let outcome = if status.is_success() { AttemptOutcome::Success } else { AttemptOutcome::Refused };
    let text = beginning(answer).await;
    let detail = (!text.is_empty()).then_some(text);
    AttemptResult { outcome, http_status: Some(status.as_u16()), detail, retry_after, duration_ms }
}

/// The first characters of a body; what cannot be read is left out.
async fn beginning(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        // No character is longer than four bytes.
        while bytes.len() < DETAIL_CHARS * 4 {
            match answer.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return,
            }
        }
    };
    // Whatever came in time is kept.
    let _ = tokio::time::timeout(BODY_TIMEOUT, reading).await;
    // Databases take no NUL in a text.
    String::from_utf8_lossy(&bytes).chars().filter(|character| *character != '\0').take(DETAIL_CHARS).collect()
}

/// What an error of the client means.
fn explain(error: &reqwest::Error, started: Instant) -> AttemptResult {
    if let Some(blocked) = causes(error).find_map(|cause| cause.downcast_ref::<Blocked>()) {
        return AttemptResult::failed(AttemptOutcome::Blocked, &blocked.to_string(), started);
    }
    if error.is_timeout() {
        return AttemptResult::failed(AttemptOutcome::Timeout, "no answer in time", started);
    }
    // The outermost text repeats the URL, which may carry a secret; the innermost cause says what happened.
    let detail = causes(error).last().map_or_else(|| "no connection".to_owned(), ToString::to_string);
    AttemptResult::failed(AttemptOutcome::Unreachable, &detail, started)
}

/// What lies beneath an error, outermost first.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

fn millis_since(started: Instant) -> i64 {
    i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;

//! The sandbox over HTTP: what it remembers, the list of its routes, and what all answers share.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use parking_lot::Mutex;
use serde_json::json;
use tracklane_core::time::Env;

use super::access::token;
use super::limit::Limit;
use super::memory::Memory;
use super::outage::{Outage, begin_outage, end_outage};
use super::subscribe::{subscribe, subscriptions, unsubscribe};
use super::tokens::Tokens;
use super::track::{track_one, track_several};
use super::webhooks::{Subscriptions, Teller};

/// A sandbox.
pub struct Sandbox {
    /// Time and randomness.
    pub env: Env,
    /// How many times as fast as the numbers say all goes, at least 1.
    pub speed: u32,
    /// How long a token is good.
    pub token_life: Duration,
    /// The tokens that were given out.
    pub tokens: Mutex<Tokens>,
    /// How often clients may ask.
    pub limit: Mutex<Limit>,
    /// The numbers that were asked for.
    pub memory: Mutex<Memory>,
    /// Who wants to be told.
    pub subscriptions: Mutex<Subscriptions>,
    /// What is wrong with every answer, for a while.
    pub outage: Mutex<Option<Outage>>,
    /// What tells them.
    pub teller: Teller,
}

/// How handlers get it.
pub type Shared = State<Arc<Sandbox>>;

/// Everything that the sandbox answers.
pub fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/v1/track/{number}", get(track_one))
        .route("/v1/track", post(track_several))
        .route("/v1/webhooks", post(subscribe).get(subscriptions))
        .route("/v1/webhooks/{id}", delete(unsubscribe))
        .route("/v1/outage", put(begin_outage).delete(end_outage))
        .fallback(async || error(StatusCode::NOT_FOUND, "unknown_path", "there is nothing under this path"))
        .with_state(sandbox)
}

impl Sandbox {
    /// Who asks, if the token is good and there is some of the allowance left.
    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    pub fn client(&self, headers: &HeaderMap) -> Result<String, Response> {
        let now = self.env.now();
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default().trim();
        let Some(client) = self.tokens.lock().client(token, now).map(str::to_owned) else { return Err(bad_token()) };
        let taken = self.limit.lock().take(&client, now);
        taken.map_err(throttled)?;
        Ok(client)
    }
}

/// The answer to a token that is none.
pub fn bad_token() -> Response {
    let words = "the token is unknown or has expired";
    let refused = error(StatusCode::UNAUTHORIZED, "invalid_token", words);
    ([(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")], refused).into_response()
}

/// The answer to who asks too often.
pub fn throttled(wait: i64) -> Response {
    let refused = error(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests");
    ([(RETRY_AFTER, wait.to_string())], refused).into_response()
}

/// An error as the sandbox writes it.
pub fn error(status: StatusCode, code: &str, words: &str) -> Response {
    (status, axum::Json(json!({ "errors": [{ "code": code, "message": words }] }))).into_response()
}

/// An answer with a content type of its own.
pub fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let header: [(HeaderName, &str); 1] = [(CONTENT_TYPE, content_type)];
    (status, header, body.into()).into_response()
}

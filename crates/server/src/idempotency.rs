//! `Idempotency-Key`: a POST that is sent again with the same key is not done again; its first answer is sent again.
//!
//! The key belongs to the caller and the route. The same key with another body is refused; while the first request runs,
//! the second is told to wait. Only successes are kept: what failed has changed nothing and may be tried again under the
//! same key. When the process ends between the work and its answer, the work is not done again either, for its own
//! transaction says that it was done; who asks again is told that the answer is lost. Submitting positions needs no key:
//! positions are told apart by device and time.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracklane_engine::idempotency::{Begun, Claim, Request as Keyed};

use crate::App;
use crate::auth::Known;
use crate::json;
use crate::problem::{Kind, Problem, Result};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Paths on and under which the field has no meaning. What is imported twice is there once.
const WITHOUT: &[&str] = &["/v1/login", "/v1/logout", "/v1/me", "/v1/positions", "/v1/live", "/v1/zones/import"];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    location: Option<String>,
    etag: Option<String>,
    body: String,
}

/// The layer.
///
/// # Errors
/// `malformed-request` for a key that is none, `request-in-progress`, `answer-lost`, `idempotency-key-reused`.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    let Some(key) = key(&request)? else { return Ok(next.run(request).await) };
    let (mut parts, body) = request.into_parts();
    let Known(principal) = Known::from_request_parts(&mut parts, &app).await?;
    let body = json::read(Request::from_parts(parts.clone(), body), &app).await?;
    let route = format!("{} {}", parts.method, parts.uri.path());
    let request = Keyed {
        caller: principal.caller.clone(),
        fingerprint: fingerprint(parts.uri.query(), &body),
        route,
        key,
        hours: app.settings.idempotency_hours,
    };
    let claim = match app.engine.idempotency.begin(&request).await? {
        Begun::New(claim) => claim,
        Begun::Done { status, body } => return replay(status, &body),
        Begun::InProgress => {
            return Err(Problem::new(Kind::InProgress, "the first request with this key is still being handled")
                .with_header(RETRY_AFTER, HeaderValue::from_static("1")));
        }
        Begun::AnswerLost => {
            let detail = "the request was carried out and is not carried out again; what it answered was lost";
            return Err(Problem::new(Kind::AnswerLost, detail));
        }
        Begun::Mismatch => {
            return Err(Problem::new(Kind::KeyReused, "the key came with another query or body before"));
        }
    };
    let response = claim.work(next.run(Request::from_parts(parts, Body::from(body)))).await;
    keep(&app, &claim, response).await
}

fn key(request: &Request) -> Result<Option<String>> {
    let path = request.uri().path();
    let meant = request.method() == Method::POST && path.starts_with("/v1/");
    let below = |whole: &str| path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !meant || WITHOUT.iter().any(|whole| below(whole)) {
        return Ok(None);
    }
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    // The draft writes the key as a quoted string; most clients leave the quotes out.
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    let fits = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Problem::malformed("Idempotency-Key", "must be 1 to 255 visible ASCII characters"));
    }
    Ok(Some(key.to_owned()))
}

fn fingerprint(query: Option<&str>, body: &Bytes) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(query.unwrap_or_default());
    hash.update([0]);
    hash.update(body);
    hash.finalize().to_vec()
}

async fn keep(app: &App, claim: &Claim, response: Response) -> Result<Response> {
    if !response.status().is_success() {
        app.engine.idempotency.forget(claim).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(|fault| Problem::internal(fault.to_string()))?;
    let text = |name: HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let kept = Kept {
        location: text(LOCATION),
        etag: text(ETAG),
        body: String::from_utf8(bytes.to_vec()).unwrap_or_default(),
    };
    let kept = serde_json::to_vec(&kept).map_err(|fault| Problem::internal(fault.to_string()))?;
    if let Err(error) = app.engine.idempotency.finish(claim, parts.status.as_u16(), &kept).await {
        // The work is done, whatever becomes of its answer.
        tracing::error!(%error, "the answer of a request with an idempotency key is not kept");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn replay(status: u16, kept: &[u8]) -> Result<Response> {
    let kept: Kept = serde_json::from_slice(kept).map_err(|fault| Problem::internal(fault.to_string()))?;
    let status = StatusCode::from_u16(status).map_err(|fault| Problem::internal(fault.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    for (name, text) in [(LOCATION, kept.location), (ETAG, kept.etag)] {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(name, value);
        }
    }
    if !kept.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok((status, headers, kept.body).into_response())
}

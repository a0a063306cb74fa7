//! The outermost layer, around every route: gives the request an id, catches panics, ends what takes too long, writes
//! problems, limits and security fields, measures, and logs failures of ours once. No path, query or body is logged:
//! they may hold tokens and personal data.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use parking_lot::Mutex;
use smallvec::SmallVec;
use tracklane_core::id::{EventId, Id};

use crate::App;
use crate::limits::Left;
use crate::problem::{self, Kind, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What a page of ours may load: what we serve, nothing else.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; \
                           base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What data may load.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// What is known of a request besides itself; handlers get it as an extension.
pub struct Context {
    /// Letters, digits and hyphens.
    id: HeaderValue,
    limits: Mutex<SmallVec<[Left; 2]>>,
}

impl Context {
    fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// Notes what is left of a limit, for the answer's `RateLimit` field.
    pub fn note_limit(&self, left: Option<Left>) {
        self.limits.lock().extend(left);
    }
}

/// The layer.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = Arc::new(Context { id: request_id(&app), limits: Mutex::default() });
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();

    let limit = Duration::from_secs(app.settings.timeout_seconds);
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout_at((started + limit).into(), run).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Problem::internal(panic_text(&*panic)).into_response(),
        Err(_) => Problem::new(Kind::Unavailable, "the request took too long").into_response(),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && response.extensions().get::<Problem>().is_none() {
        response.extensions_mut().insert(Problem::new(Kind::MethodNotAllowed, "Allow lists the methods of this path"));
    }
    let problem = problem::render(&mut response, context.id());
    finish(&mut response, &context, &app);

    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let took = started.elapsed();
    app.metrics.request(&method, route, response.status(), took);
    let status = response.status().as_u16();
    let took_ms = took.as_millis();
    match problem.as_ref().and_then(Problem::cause) {
        Some(cause) => tracing::error!(request_id = context.id(), %method, route, status, took_ms, "{cause}"),
        None => tracing::debug!(request_id = context.id(), %method, route, status, took_ms, "answered"),
    }
    response
}

/// A UUIDv7 in its usual form.
fn request_id(app: &App) -> HeaderValue {
    let mut text = [0; 36];
    let text = EventId::new(&app.env).uuid().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without a message"))
}

fn finish(response: &mut Response, context: &Context, app: &App) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, context.id.clone());
    for left in context.limits.lock().iter() {
        left.write(headers);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        let policy = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Nothing is shown of an answer without a body: a device that sends every second need not read what pages may do.
    let nothing = !headers.contains_key(CONTENT_TYPE) && response.body().size_hint().exact() == Some(0);
    let headers = response.headers_mut();
    // Data is no page: a browser that shows it all the same may load nothing for it, and frame it nowhere.
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA_POLICY));
    } else if !nothing {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(), microphone=(), geolocation=(self)"));
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    }
    if app.settings.base_url.starts_with("https://") {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

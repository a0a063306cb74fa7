//! For those who run the server: is it alive, is it ready, what does it measure.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use tracklane_api_types::{Health, PartHealth};

use crate::App;
use crate::permissions::{Allowed, MetricsRead};
use crate::problem::{Problem, Problems, Result};

/// Whether the process runs
///
/// Always yes, as long as somebody answers.
#[utoipa::path(get, path = "/livez", tag = "Operation", security(()), responses((status = 200, body = Health)))]
pub async fn livez() -> axum::Json<Health> {
    axum::Json(Health { ready: true, parts: Vec::new() })
}

/// Whether requests can be served
///
/// Names each part: `server`, `store`, `history`, `pipeline`, `webhooks`, and `stream` where several processes share the work. Others that are
/// named where they are set, `shared memory`, each `sink` and what hears devices, may be unwell though the server is ready.
#[utoipa::path(get, path = "/readyz", tag = "Operation", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health, description = "A part is not well")))]
pub async fn readyz(State(app): State<App>) -> Response {
    let engine = &app.engine;
    let closing = app.draining.is_cancelled().then(|| "the server is shutting down".to_owned());
    let mut parts = vec![
        part("server", closing),
        part("store", engine.base.store.health().await.err().map(|error| error.to_string())),
        part("history", engine.tracking.history_health().err()),
        part("pipeline", engine.tracking.health().err()),
        part("webhooks", engine.webhooks.health().err()),
    ];
    if let Some(stream) = engine.tracking.stream() {
        parts.push(part("stream", stream.trouble));
    }
    let ready = parts.iter().all(|part| part.ready);
    // A broker or a shared memory that cannot be reached is named, but requests are served all the same.
    parts.extend(engine.base.shared.iter().map(|shared| part("shared memory", shared.health().err())));
    let sinks = engine.sinks.troubles().into_iter();
    parts.extend(sinks.map(|(name, wrong)| part(&format!("sink {name}"), wrong)));
    if let Some(beside) = app.beside.get() {
        parts.extend(beside.health().into_iter().map(|(name, wrong)| part(name, wrong)));
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Health { ready, parts })).into_response()
}

fn part(name: &str, wrong: Option<String>) -> PartHealth {
    PartHealth { name: name.to_owned(), ready: wrong.is_none(), detail: wrong }
}

/// What the server measures
///
/// OpenMetrics where `Accept` asks for it, otherwise the Prometheus text format. A setting decides whether this needs
/// credentials.
#[utoipa::path(get, path = "/metrics", tag = "Operation", security((), ("bearer" = ["metrics:read"])),
    responses((status = 200, body = String, content_type = "text/plain"), Problems))]
pub async fn metrics(State(app): State<App>, headers: HeaderMap, mut parts: Parts) -> Result<Response> {
    if !app.settings.public_metrics {
        use axum::extract::FromRequestParts;
        Allowed::<MetricsRead>::from_request_parts(&mut parts, &app).await?;
    }
    let open = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("openmetrics-text"));
    app.metrics.refresh(&app.engine, app.beside.get().map(AsRef::as_ref)).await;
    let text = app.metrics.write(open).map_err(|fault| Problem::internal(fault.to_string()))?;
    let media = if open {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        "text/plain; version=0.0.4; charset=utf-8"
    };
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(media))], text).into_response())
}

//! The floor: what the HTTP stack alone can do. The same listener, the same reading of the same messages, the same answer,
//! and nothing else.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tracklane_api_types::PositionInput;
use tracklane_protocols::osmand;

/// Starts the floor on a free port; it runs until the process ends.
///
/// # Errors
/// When no port can be bound.
pub async fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/v1/positions", post(single))
        .route("/v1/positions/batch", post(batch))
        .route("/osmand", get(query))
        .layer(DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// What is answered to so many positions.
fn answer(status: StatusCode, rows: usize) -> Response {
    let text = format!(r#"{{"accepted":{rows},"duplicates":0,"late":0,"marked":0,"rejected":0,"rows":[]}}"#);
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}

fn refusal(error: &dyn std::fmt::Display) -> Response {
    (StatusCode::BAD_REQUEST, error.to_string()).into_response()
}

async fn single(body: Bytes) -> Response {
    match serde_json::from_slice::<PositionInput<'_>>(&body) {
        Ok(position) => {
            // Otherwise the optimiser may see that nobody looks at the result.
            std::hint::black_box(&position);
            answer(StatusCode::ACCEPTED, 1)
        }
        Err(error) => refusal(&error),
    }
}

async fn batch(headers: HeaderMap, body: Bytes) -> Response {
    let lines = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-ndjson");
    let read: Result<Vec<PositionInput<'_>>, _> = if lines {
        body.split(|byte| *byte == b'\n').map(serde_json::from_slice).collect()
    } else {
        serde_json::from_slice(&body)
    };
    match read {
        Ok(positions) => answer(StatusCode::OK, std::hint::black_box(&positions).len()),
        Err(error) => refusal(&error),
    }
}

async fn query(RawQuery(query): RawQuery) -> Response {
    match osmand::decode(query.as_deref(), None, &[]) {
        Ok(reports) => {
            std::hint::black_box(&reports);
            StatusCode::OK.into_response()
        }
        Err(error) => refusal(&error),
    }
}

/// Starts a server that has this answer ready for everybody, on a free port; it runs until the process ends.
///
/// # Errors
/// When no port can be bound, or the status is none.
pub async fn ready(status: u16, body: Bytes) -> anyhow::Result<SocketAddr> {
    let status = StatusCode::from_u16(status)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let answer = move |asked: Bytes| {
        std::hint::black_box(&asked);
        std::future::ready((status, [(CONTENT_TYPE, "application/json")], body.clone()))
    };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

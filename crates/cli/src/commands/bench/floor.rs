//! The floor: what the HTTP stack alone can do. The same listener, the same JSON, the same answer, and nothing else.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tracklane_api_types::PositionInput;

/// What a single accepted position is answered with.
const ANSWER: &str = r#"{"accepted":1,"duplicates":0,"late":0,"marked":0,"rejected":0,"rows":[]}"#;

/// Starts the floor on a free port; it runs until the process ends.
///
/// # Errors
/// When no port can be bound.
pub async fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/v1/positions", post(parse));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn parse(body: Bytes) -> Response {
    match serde_json::from_slice::<PositionInput<'_>>(&body) {
        Ok(position) => {
            // Otherwise the optimiser may see that nobody looks at the result.
            std::hint::black_box(&position);
            (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], ANSWER).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

//! What may change something is carried out to its end, though the client hangs up or is told that it takes too long:
//! what the store was told, memory must hear too. Only the body must come in time, so that nothing waits for ever.
//! Positions need none of this: the pipeline finishes what it took by itself.

use std::panic::resume_unwind;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream::{TryStreamExt, try_unfold};
use tokio::time::{Instant, timeout_at};

use crate::App;
use crate::problem::Problem;

/// The layer. A panic goes on to the one that asked.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let deadline = Instant::now() + Duration::from_secs(app.settings.timeout_seconds);
    let work = tokio::spawn(next.run(request.map(|body| in_time(body, deadline))));
    match work.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(response) => response,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(fault)) => Problem::internal(fault.to_string()).into_response(),
    }
}

/// A body that breaks off, as if the connection had, when not all of it has come by `deadline`.
fn in_time(body: Body, deadline: Instant) -> Body {
    Body::from_stream(try_unfold(body.into_data_stream(), move |mut rest| async move {
        let chunk = timeout_at(deadline, rest.try_next()).await.map_err(axum::Error::new)??;
        Ok::<_, axum::Error>(chunk.map(|chunk| (chunk, rest)))
    }))
}

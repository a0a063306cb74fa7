//! Clients that hang up, and clients that never come to an end.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tracklane_server::ServerSettings;

use crate::support::{Answer, Api};

/// Polls a request this often at most, then hangs up.
async fn hang_up_after(polls: usize, request: impl Future<Output = Answer>) {
    let mut request = pin!(request);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 || request.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn what_a_client_began_is_carried_out_though_it_hangs_up() {
    let api = Api::new().await;
    for polls in 1..=8 {
        let name = format!("van-{polls}");
        hang_up_after(polls, api.post("/v1/devices").json(&json!({ "identifier": name })).send()).await;
        let position = json!({ "device": name, "fix_time": "2026-01-05T07:50:00Z", "lat": 41.1, "lon": -8.6 });
        let heard = async {
            while api.post("/v1/positions").json(&position).send().await.status != 202 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), heard).await.unwrap_or_else(|_| panic!("{name} is not known"));
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let api = Api::with(ServerSettings { timeout_seconds: 1, ..ServerSettings::default() }).await;
    let (alive, ended) = oneshot::channel::<()>();
    let body = stream::unfold(Some(alive), |alive| async move {
        let _alive = alive;
        std::future::pending::<Option<(Result<Bytes, axum::Error>, _)>>().await
    });
    let answer = api.post("/v1/devices").text("application/json", Body::from_stream(body)).send().await;
    assert!(answer.status.is_client_error() || answer.status.is_server_error(), "{}", answer.text());
    let ended = timeout(Duration::from_secs(20), ended).await.expect("the body is let go of");
    assert!(ended.is_err(), "nobody sends");
}

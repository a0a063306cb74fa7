//! The floor: a bare HTTP client that signs and sends, and keeps nothing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use axum::body::Body;
use axum::body::Bytes;
use axum::http::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tracklane_core::event::Event;
use tracklane_core::id::MessageId;
use tracklane_core::time::Env;
use tracklane_notify::webhook::signature::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use tracklane_notify::webhook::{Secret, sign};

use crate::commands::bench::rounds::{Sample, apart};

/// A body as long as that of the message about `event`.
pub fn body(event: &Event) -> Bytes {
    serde_json::to_vec(event).unwrap_or_default().into()
}

/// Sends for so long, from one thread, with so many in flight.
///
/// # Errors
/// When a connection breaks, or an answer is not 200.
pub async fn round(server: SocketAddr, in_flight: usize, body: Bytes, lasts: Duration) -> anyhow::Result<Sample> {
    apart(move || async move {
        let env = crate::env::real();
        let secret = Secret::generate(&env);
        let (started, mut tasks) = (Instant::now(), JoinSet::new());
        for _ in 0..in_flight {
            tasks.spawn(connection(server, body.clone(), env.clone(), secret.clone(), started + lasts));
        }
        let mut count = 0;
        while let Some(ended) = tasks.join_next().await {
            count += ended.context("a connection panicked")??;
        }
        Ok(Sample::rate(count, started.elapsed(), None))
    })
    .await
}

async fn connection(server: SocketAddr, body: Bytes, env: Env, secret: Secret, until: Instant) -> anyhow::Result<u64> {
    let stream = TcpStream::connect(server).await.context("failed to connect")?;
    stream.set_nodelay(true)?;
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let secrets = [secret];
    let mut count = 0;
    while Instant::now() < until {
        let (id, timestamp) = (MessageId::new(&env).to_string(), env.now().as_second());
        let signature = sign(&id, timestamp, &body, &secrets);
        let request = Request::post("/hook")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header(ID_HEADER, id)
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature)
            .body(Body::from(body.clone()))?;
        client.ready().await?;
        let answer = client.send_request(request).await?;
        ensure!(answer.status() == 200, "the receiver answered {}", answer.status());
        count += 1;
    }
    Ok(count)
}

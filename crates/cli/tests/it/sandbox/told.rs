use std::collections::HashSet;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::sync::mpsc;
use tracklane_carriers::Answer;
use tracklane_client::webhook::Secret;
use tracklane_core::Timestamp;

use super::{Sandbox, number};

const SECRET: &str = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gh";

/// A receiver that answers the first message with 503 and takes the others. Where it listens, and what came in.
async fn receiver() -> (String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (sent, received) = mpsc::unbounded_channel();
    let first = std::sync::atomic::AtomicBool::new(true);
    let state = std::sync::Arc::new((sent, first));
    let receive = move |headers: HeaderMap, body: Bytes| {
        let state = state.clone();
        async move {
            state.0.send((headers, body)).unwrap();
            if state.1.swap(false, std::sync::atomic::Ordering::Relaxed) {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            StatusCode::NO_CONTENT
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/hook", axum::routing::post(receive));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scan_is_told_signed_and_again_when_it_did_not_arrive() {
    // A scan every two hundred milliseconds.
    let sandbox = Sandbox::start(&["--speed", "5"]);
    let mut account = sandbox.account("told");
    let (watched, other) = (number("second_attempt", "1s", "none"), number("delivered", "at_once", "none"));
    account.one(&other).await;
    let (url, mut received) = receiver().await;
    let new = json!({ "url": url, "secret": SECRET, "numbers": [watched.to_lowercase()] });
    let (status, made) = account.call(reqwest::Method::POST, "/v1/webhooks", new).await;
    assert_eq!((status, &made["secret"]), (201, &SECRET.into()), "{made}");

    let secret = Secret::parse(SECRET).unwrap();
    let (mut ids, mut lengths, mut again) = (HashSet::new(), HashSet::new(), false);
    while !(again && lengths.contains(&7)) {
        let next = tokio::time::timeout(Duration::from_secs(60), received.recv()).await;
        let (headers, body) = next.expect("a scan is told").unwrap();
        let sent: i64 = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        let id = secret.verify(&headers, &body, Timestamp::from_second(sent).unwrap()).unwrap().to_owned();
        // The first message did not arrive: it comes again under its own id.
        again |= !ids.insert(id);
        let parsed = account.carrier.parse(&Answer::ok(&body)).unwrap();
        assert_eq!((parsed.reports.len(), &parsed.reports[0].number), (1, &watched));
        lengths.insert(parsed.reports[0].events.len());
    }
    // Each message but that one has news; what happens while the sandbox is held up is told in one.
    assert_eq!(ids.len(), lengths.len());
    assert!(lengths.iter().all(|length| (1..=7).contains(length)), "{lengths:?}");

    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let (_, listed) = account.call(reqwest::Method::GET, "/v1/webhooks", json!({})).await;
    assert_eq!((&listed["webhooks"][0]["id"], &listed["webhooks"][0]["numbers"][0]), (&made["id"], &watched.into()));
    let mut stranger = sandbox.account("stranger");
    stranger.one(&other).await;
    assert_eq!(stranger.call(reqwest::Method::DELETE, &path, json!({})).await.0, 404);
    assert_eq!(account.call(reqwest::Method::DELETE, &path, json!({})).await.0, 204);
    assert_eq!(account.call(reqwest::Method::DELETE, &path, json!({})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_refused() {
    let sandbox = Sandbox::start(&[]);
    let mut account = sandbox.account("refused");
    account.one(&number("delivered", "at_once", "none")).await;
    let url = "http://127.0.0.1:9/hook";
    for (new, words) in [
        (json!({ "url": "ftp://127.0.0.1/" }), "url: "),
        (json!({ "url": "http://169.254.169.254/latest" }), "url: "),
        (json!({ "url": url, "secret": "short" }), "secret: a webhook secret is whsec_"),
        (json!({ "url": url, "numbers": ["TLSB000000000019"] }), "TLSB000000000019: the check digit must be 8"),
        (json!({ "url": url, "number": "x" }), "unknown field `number`"),
    ] {
        let (status, said) = account.call(reqwest::Method::POST, "/v1/webhooks", new).await;
        let message = said["errors"][0]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains(words), "{status} {message}");
    }
    let (status, made) = account.call(reqwest::Method::POST, "/v1/webhooks", json!({ "url": url })).await;
    assert!(status == 201 && made["secret"].as_str().unwrap().starts_with("whsec_"), "{made}");
}

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tracklane_client::webhook::Secret;
use tracklane_core::Timestamp;

use crate::support::{err, tracklane};

/// Plays the demo with these flags, and answers what it proves.
fn demo(corpus: Option<&str>, flags: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let always = ["demo", "--exit-when-done", "--listen", "127.0.0.1:0", "-o", "json"];
    let mut command = tracklane(folder.path(), &[&always[..], flags].concat());
    if let Some(corpus) = corpus {
        command.env("TRACKLANE_CORPUS", corpus);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), err(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn all_delivered(proof: &Value, shipments: u64) {
    assert_eq!((&proof["shipments"], &proof["delivered"]), (&shipments.into(), &shipments.into()), "{proof}");
    assert_eq!(proof["tracking_pages"], shipments, "{proof}");
    assert_eq!(proof["mismatches"], Value::Array(Vec::new()), "{proof}");
    assert_eq!(proof["webhooks_received"], proof["webhooks_verified"]);
    assert_eq!(proof["webhooks_by_type"]["shipment.delivered"], shipments, "{proof}");
    assert_eq!(proof["rejected"], 0, "{proof}");
}

#[test]
fn a_small_fleet_delivers_everything_and_every_webhook_is_verified() {
    all_delivered(&demo(None, &["--fleet", "3", "--trips", "5", "--speed", "400"]), 5);
}

#[test]
fn recorded_trips_deliver_everything_too() {
    let Ok(corpus) = std::env::var("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return;
    };
    all_delivered(&demo(Some(&corpus), &["--trips", "6", "--speed", "200"]), 6);
}

/// A recording in the format of the Porto data set: eight taxis, three trips each, a fix every 15 seconds and 200 metres, so that
/// only the first and the last one lie in a hub.
fn recording() -> String {
    let mut text = String::from("TRIP_ID,CALL_TYPE,TAXI_ID,TIMESTAMP,MISSING_DATA,POLYLINE\n");
    for trip in 0..24 {
        let (taxi, begins) = (trip % 8, 1_372_636_858 + i64::from(trip / 8) * 400 + i64::from(trip % 8) * 7);
        let (west, south) = (-8.70 + 0.013 * f64::from(trip), 41.10 + 0.01 * f64::from(taxi));
        let fixes = 9 + trip % 7;
        let line: Vec<_> = (0..fixes).map(|fix| format!("[{},{south}]", west + 0.0024 * f64::from(fix))).collect();
        text.push_str(&format!("{trip},C,{taxi},{begins},False,\"[{}]\"\n", line.join(",")));
    }
    text
}

#[test]
fn vehicles_that_are_seen_once_in_a_hub_deliver_everything() {
    let corpus = tempfile::tempdir().unwrap();
    std::fs::create_dir(corpus.path().join("traces")).unwrap();
    std::fs::write(corpus.path().join("traces/porto_taxi_trips.csv"), recording()).unwrap();
    all_delivered(&demo(corpus.path().to_str(), &["--trips", "24", "--speed", "400"]), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_outside_gets_a_secret_and_every_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let verified = Arc::new(AtomicUsize::new(0));
    let (counter, secret) = (verified.clone(), file.clone());
    let receive = move |headers: HeaderMap, body: Bytes| async move {
        let secret = Secret::parse(std::fs::read_to_string(secret).unwrap().trim()).unwrap();
        let sent = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
        secret.verify(&headers, &body, Timestamp::from_second(sent).unwrap()).unwrap();
        counter.fetch_add(1, Ordering::Relaxed);
        StatusCode::NO_CONTENT
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/hook", axum::routing::post(receive));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let path = file.display().to_string();
    let proof = tokio::task::spawn_blocking(move || {
        demo(
            None,
            &["--fleet", "1", "--trips", "1", "--speed", "600", "--webhook", &url, "--webhook-secret-file", &path],
        )
    });
    let proof = proof.await.unwrap();
    all_delivered(&proof, 1);
    assert_eq!(proof["webhooks_verified"], verified.load(Ordering::Relaxed), "{proof}");
}

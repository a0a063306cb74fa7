//! Webhook endpoints and what was sent to them; the event log and the audit log.

use serde_json::json;
use tracklane_engine::Settings;
use tracklane_server::ServerSettings;
use tracklane_testkit::TestEngine;

use crate::support::{Api, shipment};

#[tokio::test]
async fn private_addresses_and_unknown_events_are_refused() {
    let api = Api::on(TestEngine::with(Settings::default()).await, ServerSettings::default()).await;
    for url in [
        "http://127.0.0.1/hook",
        "http://localhost/hook",
        "http://10.1.2.3/hook",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/hook",
        "http://[::ffff:192.168.0.1]/hook",
        "ftp://example.com/hook",
        "hook",
    ] {
        let answer = api.post("/v1/endpoints").json(&json!({ "url": url })).send().await;
        answer.wrong_at(422, "invalid-input", "#/url", "");
    }
    let body = json!({ "url": "https://example.com/hook", "event_types": ["shipment.exploded"] });
    let answer = api.post("/v1/endpoints").json(&body).send().await;
    answer.wrong_at(422, "invalid-input", "#/event_types/0", "shipment.created");
}

#[tokio::test]
async fn an_endpoint_lives_with_its_secret_and_messages() {
    let api = Api::new().await;
    let port = tracklane_testkit::free_port();
    let body = json!({ "url": format!("http://127.0.0.1:{port}/hook"), "event_types": ["shipment.*"] });
    let id = api.make_id("/v1/endpoints", body).await;
    let path = format!("/v1/endpoints/{id}");
    let secret = api.get(&format!("{path}/secret")).send().await.ok()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    assert!(!api.get("/v1/endpoints").send().await.text().contains("whsec_"));
    let rotated = api.post(&format!("{path}/rotate-secret")).send().await.ok();
    assert_ne!(rotated["secret"], json!(secret));
    assert!(rotated["previous_until"].is_string());
    let message = api.post(&format!("{path}/test")).send().await;
    assert_eq!(message.status, 201);
    let message = message.id();
    let read = api.get(&format!("/v1/messages/{message}")).send().await.ok();
    assert_eq!(read["event_type"], "endpoint.test");
    let listed = api.get(&format!("{path}/messages")).send().await.ok();
    assert!(listed["items"].as_array().unwrap().iter().any(|item| item["id"] == json!(message)), "{listed}");
    assert_eq!(api.get(&format!("{path}/attempts?outcome=success")).send().await.ok()["items"], json!([]));
    assert_eq!(api.post(&format!("/v1/messages/{message}/resend")).send().await.status, 200);
    let replay = json!({ "from": "2026-01-05T08:00:00Z", "to": "2026-01-05T07:00:00Z" });
    api.post(&format!("{path}/replay")).json(&replay).send().await.problem(422, "invalid-input");
    let paused = api.patch(&path).header("if-match", "*").json(&json!({ "state": "paused" })).send().await.ok();
    assert_eq!(paused["state"], "paused");
    assert_eq!(api.post(&format!("{path}/test")).send().await.status, 201, "what is paused waits");
    assert_eq!(api.delete(&path).send().await.status, 204);
    api.get(&path).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn the_event_log_is_read_from_any_place_on() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    let fact = api.post(&format!("/v1/shipments/{id}/events")).json(&json!({ "status": "picked_up" })).send().await;
    assert_eq!(fact.status, 201);
    let first = api.get("/v1/events?limit=1").send().await.ok();
    assert_eq!(first["items"][0]["event"]["type"], "shipment.created");
    assert_eq!((&first["has_more"], &first["next_cursor"]), (&json!(true), &first["items"][0]["id"]));
    let after = first["next_cursor"].as_str().unwrap();
    let rest = api.get(&format!("/v1/events?after={after}&shipment_id={id}")).send().await.ok();
    let kinds: Vec<_> = rest["items"].as_array().unwrap().iter().map(|item| item["event"]["type"].clone()).collect();
    assert!(kinds.contains(&json!("shipment.status_changed")) && !kinds.contains(&json!("shipment.created")), "{rest}");
    let alias = api.get("/v1/events?types=delivery.created").send().await.ok();
    assert_eq!(alias["items"].as_array().map(Vec::len), Some(1));
    api.get("/v1/events?after=x").send().await.wrong_at(400, "malformed-request", "after", "0-42");
}

#[tokio::test]
async fn the_audit_log_says_who_did_what() {
    let api = Api::new().await;
    let id = api.make_id("/v1/customers", json!({ "name": "Ana" })).await;
    let lines = api.get(&format!("/v1/audit?target={id}")).send().await.ok();
    let line = &lines["items"][0];
    assert_eq!((&line["action"], &line["actor"]["type"]), (&json!("customer.created"), &json!("api_key")));
    let actor = line["actor"]["id"].as_str().unwrap();
    let by_actor = api.get(&format!("/v1/audit?actor_id={actor}&action=customer.*")).send().await.ok();
    assert_eq!(by_actor["items"].as_array().map(Vec::len), Some(1));
    api.get("/v1/audit?actor_id=x").send().await.wrong_at(400, "malformed-request", "actor_id", "");
}

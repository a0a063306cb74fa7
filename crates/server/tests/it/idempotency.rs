//! `Idempotency-Key`.

use serde_json::json;

use crate::support::{Api, shipment};

#[tokio::test]
async fn a_request_sent_again_is_not_done_again() {
    let api = Api::new().await;
    let send = || api.post("/v1/shipments").header("idempotency-key", "\"k-1\"").json(&shipment("R-1")).send();
    let first = send().await;
    let second = send().await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""), "{}", first.text());
    assert_eq!((second.status.as_u16(), second.header("idempotency-replayed")), (201, "true"));
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(first.header("etag"), second.header("etag"));
    let list = api.get("/v1/shipments").send().await.ok();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_same_key_for_something_else_is_refused() {
    let api = Api::new().await;
    let send = |key: &'static str, name: &'static str| {
        api.post("/v1/customers").header("idempotency-key", key).json(&json!({ "name": name })).send()
    };
    assert_eq!(send("k", "Ana").await.status, 201);
    send("k", "Rui").await.problem(422, "idempotency-key-reused");
    assert_eq!(send("k2", "Rui").await.status, 201);
    let elsewhere = api.post("/v1/vehicles").header("idempotency-key", "k").json(&json!({ "vehicle_type": "van" }));
    assert_eq!(elsewhere.send().await.status, 201, "a key belongs to its route");
    let (_, foreign) = api.foreigner().await;
    let other = api.post("/v1/customers").by(&foreign).header("idempotency-key", "k").json(&json!({ "name": "Eva" }));
    assert_eq!(other.send().await.ok()["name"], "Eva", "a key belongs to its caller");
}

#[tokio::test]
async fn what_failed_may_be_tried_again_under_the_same_key() {
    let api = Api::new().await;
    let send = |body: serde_json::Value| api.post("/v1/customers").header("idempotency-key", "k").json(&body).send();
    send(json!({})).await.problem(422, "invalid-input");
    assert_eq!(send(json!({ "name": "Ana" })).await.status, 201);
}

#[tokio::test]
async fn a_body_is_read_as_without_a_key() {
    let api = Api::new().await;
    let send = |body: String| api.post("/v1/customers").header("idempotency-key", "k").text("application/json", body);
    send("x".repeat(2 * 1024 * 1024)).send().await.problem(413, "body-too-large");
    let no_gzip = send("{}".to_owned()).header("content-encoding", "gzip").send().await;
    no_gzip.wrong_at(400, "malformed-request", "#", "could not be read to its end");
}

#[tokio::test]
async fn keys_are_forgotten_after_their_time() {
    let api = Api::new().await;
    let send = || api.post("/v1/customers").header("idempotency-key", "k").json(&json!({ "name": "Ana" })).send();
    let first = send().await.id();
    api.engine.clock.advance(25 * 3600);
    assert_ne!(send().await.id(), first);
}

#[tokio::test]
async fn a_key_must_be_one_and_needs_a_caller() {
    let api = Api::new().await;
    let call = api.post("/v1/customers").header("idempotency-key", "a b").json(&json!({ "name": "Ana" }));
    call.send().await.wrong_at(400, "malformed-request", "Idempotency-Key", "visible ASCII");
    let call = api.post("/v1/customers").anonymous().header("idempotency-key", "k").json(&json!({ "name": "Ana" }));
    call.send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn kept_answers_show_no_secrets_to_whoever_reads_the_database() {
    let api = Api::new().await;
    let device = api.make_id("/v1/devices", json!({ "identifier": "van-1" })).await;
    let endpoint = api.make_id("/v1/endpoints", json!({ "url": "https://example.com/hook" })).await;
    let shipment = api.make_id("/v1/shipments", shipment("R-1")).await;
    let requests = [
        ("/v1/api-keys".to_owned(), json!({ "name": "Shop", "role": "operator" }), "/secret"),
        (format!("/v1/devices/{device}/credential"), json!({}), "/credential"),
        (format!("/v1/endpoints/{endpoint}/rotate-secret"), json!({}), "/secret"),
        (format!("/v1/shipments/{shipment}/links"), json!({}), "/token"),
    ];
    let mut secrets = Vec::new();
    for (path, body, place) in requests {
        let send = || api.post(&path).header("idempotency-key", "a-key-to-be-found").json(&body).send();
        let first = send().await.ok();
        assert_eq!(send().await.ok(), first, "{path}: the same answer");
        let secret = first.pointer(place).and_then(serde_json::Value::as_str);
        secrets.push(secret.unwrap_or_else(|| panic!("{path}: {first}")).to_owned());
    }
    let mut kept = Vec::new();
    for file in std::fs::read_dir(api.engine.store().folder()).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() {
            kept.extend(std::fs::read(file.path()).unwrap());
        }
    }
    let holds = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("a-key-to-be-found"), "this is where answers are kept");
    for secret in secrets {
        assert!(!holds(&secret), "{secret}");
    }
}

//! The client against a server that says what it is told to say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod scripted;

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use scripted::Scripted;
use tracklane_client::requests::NewCustomer;
use tracklane_client::{Client, Error, RetryPolicy};

const CUSTOMER: &str = r#"{"id":"cus_01h455vb4pex5vsknk084sn02q","tenant_id":"ten_01h455vb4pex5vsknk084sn02q","reference":null,
    "name":"Ana","email":null,"phone":null,"language":null,"address":{},"created_at":"2026-01-05T08:00:00Z",
    "updated_at":"2026-01-05T08:00:00Z","version":1}"#;

fn client(server: &Scripted) -> Client {
    let retry =
        RetryPolicy { attempts: 4, first_pause: Duration::from_millis(1), longest_pause: Duration::from_secs(2) };
    let client = Client::new(scripted::http_client(), scripted::env(), &server.url()).unwrap();
    client.with_token("tlk_secret").unwrap().with_retry(retry)
}

fn ana() -> NewCustomer {
    NewCustomer { name: "Ana".to_owned(), ..NewCustomer::default() }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

#[tokio::test]
async fn a_post_that_fails_is_repeated_under_the_same_key() {
    let server = Scripted::start(&[("", ""), ("503 Service Unavailable", "{}"), ("201 Created", CUSTOMER)]).await;
    let client = client(&server);
    assert_eq!(client.create_customer(&ana()).await.unwrap().name, "Ana");
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "a broken connection, a 503, and the one that worked");
    let keys: Vec<_> = requests.iter().map(|request| header(request, "idempotency-key").unwrap()).collect();
    assert!(keys[0].len() >= 20 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(header(&requests[0], "authorization"), Some("Bearer tlk_secret"));
    assert!(requests[0].starts_with("POST /base/v1/customers HTTP/1.1"), "{}", requests[0]);
}

#[tokio::test]
async fn two_posts_have_two_keys() {
    let server = Scripted::start(&[("201 Created", CUSTOMER), ("201 Created", CUSTOMER)]).await;
    let client = client(&server);
    client.create_customer(&ana()).await.unwrap();
    client.create_customer(&ana()).await.unwrap();
    let keys: Vec<_> = server.requests().iter().map(|r| header(r, "idempotency-key").unwrap().to_owned()).collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_is_told_with_its_fields() {
    let problem = r##"{"type":"/problems/invalid","title":"Invalid","status":422,"detail":"a rule is broken",
        "errors":[{"pointer":"#/name","detail":"must be 1 to 200 characters"}]}"##;
    let server = Scripted::start(&[("422 Unprocessable Content", problem)]).await;
    let error = client(&server).create_customer(&ana()).await.unwrap_err();
    assert_eq!(error.status(), Some(422));
    assert_eq!(error.to_string(), "a rule is broken\n  #/name: must be 1 to 200 characters");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn retry_after_is_waited_for_within_reason() {
    let server = Scripted::start(&[("429 Too Many Requests\r\nretry-after: 1", "{}"), ("200 OK", CUSTOMER)]).await;
    let asked = Instant::now();
    let _: serde_json::Value = client(&server).get("v1/me", &[]).await.unwrap();
    assert!(asked.elapsed() >= Duration::from_secs(1));

    let server = Scripted::start(&[("429 Too Many Requests\r\nretry-after: 3600", "{}")]).await;
    let asked = Instant::now();
    let error = client(&server).get::<serde_json::Value>("v1/me", &[]).await.unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert!(asked.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn patience_has_an_end() {
    let server = Scripted::start(&[("500 Internal Server Error", "<html>"); 10]).await;
    let error = client(&server).get::<serde_json::Value>("v1/me", &[]).await.unwrap_err();
    assert_eq!(error.status(), Some(500));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn lists_fetch_their_pages_as_they_are_needed() {
    let pages = [
        ("200 OK", r#"{"items":[1,2],"next_cursor":"two","has_more":true}"#),
        ("200 OK", r#"{"items":[],"next_cursor":"three","has_more":true}"#),
        ("200 OK", r#"{"items":[3],"next_cursor":null,"has_more":false}"#),
    ];
    let server = Scripted::start(&pages).await;
    let client = client(&server);
    let all: Vec<u32> = client.list::<u32>("v1/numbers", &[("q", "a b".to_owned())]).try_collect().await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    let lines: Vec<_> = server.requests().iter().map(|request| request.lines().next().unwrap().to_owned()).collect();
    assert_eq!(lines[0], "GET /base/v1/numbers?q=a+b&limit=200 HTTP/1.1");
    assert_eq!(lines[2], "GET /base/v1/numbers?q=a+b&limit=200&cursor=three HTTP/1.1");
}

#[tokio::test]
async fn a_patch_is_conditional_on_what_was_read() {
    let server = Scripted::start(&[("200 OK\r\netag: \"7\"", "{}"), ("200 OK", "{}")]).await;
    let _: serde_json::Value = client(&server).patch("v1/tenant", &serde_json::json!({"name": "x"})).await.unwrap();
    let requests = server.requests();
    assert_eq!(header(&requests[1], "if-match"), Some("\"7\""));
    assert_eq!(header(&requests[1], "content-type"), Some("application/merge-patch+json"));
}

#[test]
fn only_http_addresses_are_servers() {
    for wrong in ["", "localhost:8080", "ftp://localhost", "http://", "/v1"] {
        assert!(
            matches!(Client::new(scripted::http_client(), scripted::env(), wrong), Err(Error::BadUrl(_))),
            "{wrong}"
        );
    }
}

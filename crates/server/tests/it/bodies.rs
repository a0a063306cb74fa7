//! How bodies, queries, paths and headers are read, and what is said when they are wrong.

use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn broken_bodies_are_told_with_a_pointer() {
    let api = Api::new().await;
    let post = |body: &'static str| api.post("/v1/customers").text("application/json", body).send();
    post("{").await.wrong_at(400, "malformed-request", "#", "EOF");
    post(r#"{"name":"a","name":"b"}"#).await.wrong_at(400, "malformed-request", "#/name", "given twice");
    post(r#"{"name":"a","address":{"city":"x","city":"y"}}"#).await.wrong_at(
        400,
        "malformed-request",
        "#/address/city",
        "given twice",
    );
    post("{}").await.wrong_at(422, "invalid-input", "#/name", "is required");
    post(r#"["a","b"]"#).await.wrong_at(422, "invalid-input", "#", "expected an object");
    post(r#"{"name":"a","nmae":"b"}"#).await.wrong_at(422, "invalid-input", "#/nmae", "unknown field `nmae`, expected");
    post(r#"{"name":7}"#).await.wrong_at(422, "invalid-input", "#/name", "expected a string");
    post(r#"{"name":"a","email":"nobody"}"#).await.wrong_at(422, "invalid-input", "#/email", "e-mail");
    post(r#"{"name":"a","address":{"point":{"lat":91,"lon":0}}}"#).await.wrong_at(
        422,
        "invalid-input",
        "#/address/point/lat",
        "-90 to 90",
    );
    post(r#"{"name":"a","address":{"point":{"lat":1e999,"lon":0}}}"#).await.wrong_at(
        400,
        "malformed-request",
        "#/address/point/lat",
        "out of range",
    );
}

#[tokio::test]
async fn media_types_and_sizes_are_checked() {
    let api = Api::new().await;
    let other = api.post("/v1/customers").text("text/plain", "{}").send().await;
    assert!(other.problem(415, "unsupported-media-type")["detail"].as_str().unwrap().contains("application/json"));
    let with_charset = api.post("/v1/customers").text("application/json; charset=utf-8", r#"{"name":"Ana"}"#);
    assert_eq!(with_charset.send().await.status, 201);
    let long = json!({ "name": "x".repeat(2 * 1024 * 1024) });
    api.post("/v1/customers").json(&long).send().await.problem(413, "body-too-large");
}

#[tokio::test]
async fn queries_and_paths_are_checked() {
    let api = Api::new().await;
    let get = |path: &'static str| api.get(path).send();
    get("/v1/shipments?colour=red").await.wrong_at(400, "malformed-request", "colour", "expected one of");
    get("/v1/shipments?status=gone").await.wrong_at(400, "malformed-request", "status", "unknown variant");
    get("/v1/shipments?limit=0").await.wrong_at(400, "malformed-request", "limit", "from 1 to 200");
    get("/v1/shipments?limit=201").await.wrong_at(400, "malformed-request", "limit", "from 1 to 200");
    get("/v1/shipments?limit=5&limit=6").await.wrong_at(400, "malformed-request", "limit", "once only");
    for path in [
        "/v1/shipments?status=",
        "/v1/shipments?updated_to=",
        "/v1/events?shipment_id=",
        "/v1/audit?to=",
        "/v1/positions/latest?driver_id=",
        "/v1/zones?location_id=",
        "/deliveries?customer_id=",
    ] {
        let name = path.split_once('?').map_or("", |(_, query)| query.trim_end_matches('='));
        get(path).await.wrong_at(400, "malformed-request", name, "must not be empty");
    }
    get("/v1/shipments?cursor=AAAA").await.wrong_at(400, "malformed-request", "cursor", "next_cursor");
    get("/v1/shipments?created_from=yesterday").await.wrong_at(400, "malformed-request", "created_from", "");
    get("/v1/positions/latest?bbox=1,2,3").await.wrong_at(400, "malformed-request", "bbox", "west,south,east,north");
    get("/v1/events?types=shipment.exploded").await.wrong_at(400, "malformed-request", "types", "shipment.created");
    let body = get("/v1/customers/nonsense").await.problem(404, "not-found");
    assert!(body["detail"].as_str().unwrap().contains("cus_"), "{body}");
    get("/v1/customers/drv_00000000000000000000000000").await.problem(404, "not-found");
    get("/v1/nowhere").await.problem(404, "not-found");
    api.call(http::Method::PUT, "/v1/customers").send().await.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn every_answer_carries_the_security_fields() {
    let api = Api::new().await;
    for path in ["/v1/customers", "/v1/nowhere", "/docs", "/openapi.json", "/livez"] {
        let answer = api.get(path).send().await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        if answer.header("content-type").starts_with("text/html") {
            assert!(policy.contains("default-src 'self'"), "{path}: {policy}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        }
    }
}

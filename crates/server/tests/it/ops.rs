//! Health and metrics.

use serde_json::json;
use tracklane_server::ServerSettings;

use crate::support::{Api, shipment};

#[tokio::test]
async fn health_names_each_part() {
    let api = Api::new().await;
    assert_eq!(api.get("/livez").anonymous().send().await.status, 200);
    let ready = api.get("/readyz").anonymous().send().await.ok();
    assert_eq!(ready["ready"], true);
    let names: Vec<_> = ready["parts"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    for part in ["store", "history", "pipeline", "webhooks"] {
        assert!(names.contains(&part), "{part} is not among {names:?}");
    }
    api.engine.engine.shutdown().await;
    let answer = api.get("/readyz").anonymous().send().await;
    assert_eq!(answer.status, 503);
    let parts = answer.json();
    let pipeline = parts["parts"].as_array().unwrap().iter().find(|part| part["name"] == "pipeline").unwrap().clone();
    assert_eq!(pipeline["ready"], json!(false), "{parts}");
}

#[tokio::test]
async fn metrics_are_told_in_both_formats() {
    let api = Api::new().await;
    api.make("/v1/shipments", shipment("R-1")).await;
    api.make("/v1/devices", json!({ "identifier": "van-1" })).await;
    let position = json!({ "device": "van-1", "fix_time": "2026-01-05T07:59:00Z", "lat": 41.1, "lon": -8.6 });
    assert_eq!(api.post("/v1/positions").json(&position).send().await.status, 202);

    let older = api.get("/metrics").anonymous().send().await;
    assert_eq!(older.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = older.text();
    for line in [
        "tracklane_active_shipments 1",
        "tracklane_positions_total{outcome=\"accepted\"} 1",
        "tracklane_live_connections 0",
        "# TYPE tracklane_position_processing_seconds histogram",
        "tracklane_position_processing_seconds_count 1",
        "# TYPE tracklane_average_delivery_time_seconds gauge",
        "route=\"/v1/shipments\"",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(&api.engine.tenant.id.to_string()), "no ids in metrics");

    let open = api.get("/metrics").header("accept", "application/openmetrics-text; version=1.0.0").send().await;
    assert_eq!(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_need_credentials_where_they_are_not_public() {
    let api = Api::with(ServerSettings { public_metrics: false, ..ServerSettings::default() }).await;
    api.get("/metrics").anonymous().send().await.problem(401, "unauthenticated");
    assert_eq!(api.get("/metrics").send().await.status, 200);
}

use serde_json::Value;

use crate::support::{Server, api_key, err, tracklane};

/// Plays a small fleet through the server, and answers what came of it.
fn replay(server: &Server, folder: &std::path::Path, key: &str, more: &[&str]) -> Value {
    let fleet = ["replay", "--fleet", "2", "--trips", "4", "--speed", "600", "-o", "json"];
    let output = tracklane(folder, &[&fleet[..], more].concat())
        .env("TRACKLANE_URL", format!("http://{}", server.address))
        .env("TRACKLANE_TOKEN", key)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), err(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn trips_played_through_a_running_server_deliver_their_shipments() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let summary = replay(&server, folder.path(), &key, &[]);
    assert_eq!((&summary["shipments"], &summary["delivered"]), (&4.into(), &4.into()), "{summary}");
    assert_eq!((&summary["rejected"], &summary["failed"]), (&0.into(), &Value::Array(Vec::new())), "{summary}");

    // What carried them is in the history, and nothing of it is older than the shipments.
    let client = server.client(&key);
    let listed: Value = client.get("v1/shipments", &[]).await.unwrap();
    let shipments = listed["items"].as_array().unwrap();
    assert_eq!(shipments.len(), 4);
    for shipment in shipments {
        assert_eq!(shipment["status"], "delivered", "{shipment}");
        let at = |field: &str| shipment[field].as_str().unwrap().parse::<tracklane_core::Timestamp>().unwrap();
        assert!(at("created_at") <= at("picked_up_at"), "{shipment}");
        assert!(at("picked_up_at") <= at("delivered_at"), "{shipment}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_times_fill_the_history_and_make_no_shipments() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let summary = replay(&server, folder.path(), &key, &["--fix-times", "kept"]);
    assert_eq!((&summary["shipments"], &summary["rejected"]), (&0.into(), &0.into()), "{summary}");
    assert!(summary["positions"].as_u64().unwrap() > 0, "{summary}");
    let client = server.client(&key);
    let shipments: Value = client.get("v1/shipments", &[]).await.unwrap();
    assert_eq!(shipments["items"], Value::Array(Vec::new()));
    let latest: Value = client.get("v1/positions/latest", &[]).await.unwrap();
    assert_eq!(latest["items"].as_array().unwrap().len(), 2, "{latest}");
}

//! Positions coming in and going out.

use serde_json::{Value, json};
use tracklane_core::model::Role;

use crate::support::{Answer, Api, new_key};

async fn with_device() -> (Api, String) {
    let api = Api::new().await;
    let id = api.make_id("/v1/devices", json!({ "identifier": "van-1" })).await;
    (api, id)
}

fn at(second: u32) -> Value {
    json!({ "device": "van-1", "fix_time": format!("2026-01-05T07:50:{second:02}Z"), "lat": 41.1, "lon": -8.6 + f64::from(second) / 1e4 })
}

async fn send(api: &Api, body: &Value) -> Answer {
    api.post("/v1/positions").json(body).send().await
}

#[tokio::test]
async fn one_position_is_taken_and_seen() {
    let (api, id) = with_device().await;
    let mut position = at(1);
    position["speed_mps"] = json!(12.5);
    position["attributes"] = json!({ "battery": 80 });
    let answer = send(&api, &position).await;
    assert_eq!(answer.status, 202);
    assert_eq!(
        answer.json(),
        json!({ "accepted": 1, "duplicates": 0, "late": 0, "marked": 0, "rejected": 0, "rows": [] })
    );
    let again = send(&api, &position).await.ok();
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(1)));
    let latest = api.get(&format!("/v1/positions/latest?device_id={id}")).send().await.ok();
    assert_eq!(latest["items"][0]["speed_mps"], 12.5);
    assert_eq!(latest["items"][0]["attributes"], json!({ "battery": 80 }));
    let outside = api.get("/v1/positions/latest?bbox=0,0,1,1").send().await.ok();
    assert_eq!(outside["items"], json!([]));
    let by_id = json!({ "device": id, "fix_time": "2026-01-05T07:51:00Z", "lat": 41.1, "lon": -8.6 });
    assert_eq!(send(&api, &by_id).await.ok()["accepted"], 1);
}

#[tokio::test]
async fn a_position_is_fresh_for_fifteen_seconds() {
    let (api, _) = with_device().await;
    let now = api.engine.env.now();
    send(&api, &json!({ "device": "van-1", "fix_time": now, "lat": 41.1, "lon": -8.6 })).await.ok();
    let fresh = async || api.get("/v1/positions/latest").send().await.ok()["items"][0]["fresh"].clone();
    assert_eq!(fresh().await, true);
    api.engine.clock.advance(15);
    assert_eq!(fresh().await, true);
    api.engine.clock.advance(1);
    assert_eq!(fresh().await, false);
}

#[tokio::test]
async fn what_is_not_believed_is_told_shown_and_counted() {
    let (api, id) = with_device().await;
    let mut jump = at(2);
    jump["lat"] = json!(41.9);
    let mut made_up = at(3);
    made_up["attributes"] = json!({ "mock": true });
    let answer = api.post("/v1/positions/batch").json(&json!([at(1), jump, made_up, at(4)])).send().await.ok();
    assert_eq!((&answer["accepted"], &answer["marked"]), (&json!(2), &json!(2)));
    let rows = json!([
        { "row": 1, "outcome": "marked", "mark": "teleport" },
        { "row": 2, "outcome": "marked", "mark": "mock" },
    ]);
    assert_eq!(answer["rows"], rows);

    let features = async |query: &str| {
        let range = "from=2026-01-05T07:50:00Z&to=2026-01-05T07:51:00Z";
        let found = api.get(&format!("/v1/devices/{id}/positions?{range}{query}")).send().await.ok();
        found["features"].as_array().unwrap().clone()
    };
    let marks = |features: Vec<Value>| -> Vec<Value> {
        features.iter().map(|feature| feature["properties"]["mark"].clone()).collect()
    };
    assert_eq!(marks(features("&points=true").await), [json!(null), json!("teleport"), json!("mock"), json!(null)]);
    assert_eq!(marks(features("&points=true&marked=false").await), [json!(null), json!(null)]);
    assert_eq!(features("").await[0]["properties"]["times"].as_array().unwrap().len(), 2);
    assert_eq!(features("&marked=true").await[0]["properties"]["times"].as_array().unwrap().len(), 4);

    let metrics = api.get("/metrics").send().await.text();
    for line in ["positions_marked_total{reason=\"teleport\"} 1", "positions_total{outcome=\"marked\"} 2"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn a_bad_position_is_told_where_it_is_wrong() {
    let (api, _) = with_device().await;
    let with = |field: &str, value: Value| {
        let mut position = at(1);
        position[field] = value;
        position
    };
    for (field, value, detail) in [
        ("lat", json!(90.5), "-90 to 90"),
        ("lon", json!(181), "-180 to 180"),
        ("lat", json!("41"), "expected f64"),
        ("fix_time", json!("2026-01-05T09:00:00Z"), "future"),
        ("fix_time", json!("1999-12-31T00:00:00Z"), "2000"),
        ("fix_time", json!("today"), ""),
        ("speed_mps", json!(-1), "0 to 500"),
        ("course_deg", json!(361), "0 to 360"),
        ("accuracy_m", json!(1e300), "0 to 1000000"),
        ("altitude_m", json!(1e6), "100000"),
        ("speed", json!(3), "unknown field `speed`"),
        ("device", json!("nobody"), ""),
        ("attributes", json!([]), "expected an object"),
    ] {
        send(&api, &with(field, value)).await.wrong_at(422, "invalid-input", &format!("#/{field}"), detail);
    }
    let many: serde_json::Map<_, _> = (0..51).map(|number| (number.to_string(), json!(number))).collect();
    send(&api, &with("attributes", json!(many))).await.wrong_at(422, "invalid-input", "#/attributes", "at most 50");
    let post = |body: &'static str| api.post("/v1/positions").text("application/json", body).send();
    post(r#"{"lat":1,"lat":2,"lon":3}"#).await.wrong_at(400, "malformed-request", "#/lat", "given twice");
    post(r#"{"lat":NaN}"#).await.wrong_at(400, "malformed-request", "#/lat", "expected value");
    post("").await.wrong_at(400, "malformed-request", "#", "EOF");
    let latest = api.get("/v1/positions/latest").send().await.ok();
    assert_eq!(latest["items"], json!([]), "nothing of it was kept");
}

#[tokio::test]
async fn the_newest_positions_are_read_in_pages() {
    let api = Api::new().await;
    for n in 1..=5 {
        api.make("/v1/devices", json!({ "identifier": format!("van-{n}") })).await;
    }
    let rows: Vec<_> = (1..=5)
        .map(|n| json!({ "device": format!("van-{n}"), "fix_time": "2026-01-05T07:50:00Z", "lat": 41, "lon": n }))
        .collect();
    api.post("/v1/positions/batch").json(&json!(rows)).send().await.ok();
    let all = api.get("/v1/positions/latest").send().await;
    assert_eq!(all.header("link"), "");
    let all = all.ok();
    assert_eq!((all["items"].as_array().map(Vec::len), &all["has_more"]), (Some(5), &json!(false)));
    let (mut read, mut path) = (Vec::new(), "/v1/positions/latest?bbox=0,0,90,90&limit=2".to_owned());
    loop {
        let page = api.get(&path).send().await;
        let next =
            page.header("link").strip_prefix('<').and_then(|link| link.split_once('>')).map(|link| link.0.to_owned());
        read.extend(page.ok()["items"].as_array().unwrap().clone());
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(json!(read), all["items"], "each device once, in the same order");
    api.get("/v1/positions/latest?limit=10001").send().await.wrong_at(400, "malformed-request", "limit", "1 to 10000");
}

#[tokio::test]
async fn a_batch_with_bad_rows_keeps_the_good_ones() {
    let (api, id) = with_device().await;
    let mut rows = vec![at(1), at(2), at(2), at(3), json!("x"), json!({ "device": "van-1" })];
    rows[1]["lat"] = json!(500);
    let answer = api.post("/v1/positions/batch").json(&json!(rows)).send().await.ok();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(3), &json!(3)), "{answer}");
    let bad: Vec<_> = answer["rows"].as_array().unwrap().iter().map(|row| row["row"].as_u64().unwrap()).collect();
    assert_eq!(bad, [1, 4, 5]);
    assert_eq!(answer["rows"][0]["errors"][0]["pointer"], "#/lat");
    assert_eq!(answer["rows"][2]["errors"][0], json!({ "pointer": "#/fix_time", "detail": "is required" }));
    // All that is wrong with a row is named, whatever of it cannot be read.
    let row = json!({ "device": "nobody", "lat": 500, "colour": 1, "speed_mps": "fast", "accuracy_m": -1 });
    let answer = api.post("/v1/positions/batch").json(&json!([row])).send().await.ok();
    let errors = answer["rows"][0]["errors"].as_array().unwrap();
    let mut wrong: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    wrong.sort_unstable();
    assert_eq!(
        wrong,
        ["#/accuracy_m", "#/colour", "#/device", "#/fix_time", "#/lat", "#/lon", "#/speed_mps"],
        "{answer}"
    );
    let all = api.post("/v1/positions/batch?rows=all").json(&json!([at(3), at(4)])).send().await.ok();
    assert_eq!(all["rows"][0]["outcome"], "duplicate");
    assert_eq!(all["rows"][1]["outcome"], "accepted");

    let line =
        api.get(&format!("/v1/devices/{id}/positions?from=2026-01-05T07:50:00Z&to=2026-01-05T07:51:00Z")).send().await;
    assert_eq!(line.header("content-type"), "application/geo+json");
    let line = line.ok();
    assert_eq!(line["features"][0]["geometry"]["type"], "LineString");
    assert_eq!(line["features"][0]["properties"]["times"].as_array().map(Vec::len), Some(4));
    let points = api.get(&format!("/v1/devices/{id}/positions?points=true&limit=2")).send().await.ok();
    assert_eq!((points["features"].as_array().map(Vec::len), &points["has_more"]), (Some(2), &json!(true)));
    assert_eq!(points["features"][0]["geometry"]["coordinates"][1], 41.1);
}

#[tokio::test]
async fn a_batch_may_be_lines() {
    let (api, _) = with_device().await;
    let body = format!("{}\n\nnot json\r\n{}\n", at(1), at(2));
    let answer = api.post("/v1/positions/batch").text("application/x-ndjson", body).send().await.ok();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)), "{answer}");
    assert_eq!(answer["rows"][0]["row"], 1, "empty lines are no rows");
}

#[tokio::test]
async fn batches_have_limits() {
    let (api, _) = with_device().await;
    let row = at(1).to_string();
    let lines = vec![row.as_str(); 10_001].join("\n");
    let answer = api.post("/v1/positions/batch").text("application/x-ndjson", lines).send().await;
    assert!(answer.problem(413, "body-too-large")["detail"].as_str().unwrap().contains("10000 rows"));
    let lines = vec![row.as_str(); 9_000].join("\n");
    let answer = api.post("/v1/positions/batch").text("application/x-ndjson", lines).send().await.ok();
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(1), &json!(8_999)));
    let huge = "x".repeat(9 * 1024 * 1024);
    let answer = api.post("/v1/positions/batch").text("application/x-ndjson", huge).send().await;
    answer.problem(413, "body-too-large");
    api.post("/v1/positions/batch").text("text/csv", "a,b").send().await.problem(415, "unsupported-media-type");
    let object = api.post("/v1/positions/batch").json(&at(1)).send().await;
    object.wrong_at(400, "malformed-request", "#", "must be a JSON array");
}

#[tokio::test]
async fn devices_and_drivers_send_for_themselves() {
    let api = Api::new().await;
    let driver = api.make_id("/v1/drivers", json!({ "name": "Rui" })).await;
    let device = api.make_id("/v1/devices", json!({ "identifier": "van-1", "driver_id": driver })).await;
    api.make("/v1/devices", json!({ "identifier": "van-2" })).await;
    let mut driver_key = new_key(Role::Driver);
    driver_key.driver_id = Some(driver.parse().unwrap());
    let mut device_key = new_key(Role::Device);
    device_key.device_id = Some(device.parse().unwrap());
    for (second, key) in [(1, api.key(driver_key).await), (2, api.key(device_key).await)] {
        let mut own = at(second);
        own.as_object_mut().unwrap().remove("device");
        let answer = api.post("/v1/positions").by(&key).json(&own).send().await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let mut other = at(second);
        other["device"] = json!("van-2");
        let refused = api.post("/v1/positions").by(&key).json(&other).send().await;
        assert!(refused.status.is_client_error(), "{}", refused.text());
    }
    let (_, foreign) = api.foreigner().await;
    let answer = api.post("/v1/positions").by(&foreign).json(&at(3)).send().await;
    answer.wrong_at(422, "invalid-input", "#/device", "");
    let latest = api.get("/v1/positions/latest").by(&foreign).send().await.ok();
    assert_eq!(latest["items"], json!([]));
}

#[tokio::test]
async fn what_a_device_did_and_measured_can_be_asked() {
    let (api, id) = with_device().await;
    let zone =
        json!({ "name": "Depot", "geometry": { "type": "Point", "coordinates": [-8.6, 41.1] }, "radius_m": 500 });
    let zone = api.make_id("/v1/zones", zone).await;
    let mut rows: Vec<Value> = (0..50).map(at).collect();
    rows[10]["attributes"] = json!({ "battery_percent": 80, "alarm": "sos" });
    let answer = api.post("/v1/positions/batch").json(&json!(rows)).send().await.ok();
    assert_eq!(answer["accepted"], 50);
    let range = "from=2026-01-05T07:00:00Z&to=2026-01-05T08:00:00Z";
    let get = async |path: &str| api.get(path).send().await.ok();

    let status = get(&format!("/v1/devices/{id}/status")).await;
    assert_eq!((&status["state"], &status["alarms"]), (&json!("online"), &json!(["sos"])));
    assert_eq!(get("/v1/devices?state=online").await["items"][0]["id"], id);
    assert_eq!(get("/v1/devices?state=offline").await["items"], json!([]));
    let trips = get(&format!("/v1/devices/{id}/trips?{range}")).await;
    let trip = &trips["items"][0];
    assert_eq!((&trip["kind"], &trip["ongoing"], &trip["duration_s"]), (&json!("trip"), &json!(true), &json!(49.0)));
    assert!(trip["distance_m"].as_f64().unwrap() > 400.0, "{trip}");
    assert_eq!(get(&format!("/v1/devices/{id}/stops?{range}")).await, json!({ "items": [], "has_more": false }));
    let sensors = get(&format!("/v1/devices/{id}/sensors?name=battery_percent&name=fuel_l&{range}")).await;
    assert_eq!((sensors["items"].as_array().unwrap().len(), &sensors["items"][0]["value"]), (1, &json!(80)));
    assert_eq!(sensors["has_more"], false);
    for area in [format!("zone_id={zone}"), "bbox=-8.61,41.0,-8.5995,41.2".to_owned()] {
        let found = get(&format!("/v1/positions/search?{area}&{range}")).await;
        assert_eq!((&found["items"][0]["device_id"], &found["has_more"]), (&json!(id), &json!(false)), "{found}");
        assert!(found["items"][0]["positions"].as_u64().unwrap() > 3);
    }
    for (query, name) in [
        ("", "bbox"),
        ("?bbox=1,2,3,4&zone_id=zon_01h455vb4pex5vsknk084sn02q", "zone_id"),
        ("?bbox=1,2,3,4&limit=0", "limit"),
        ("?bbox=1,2,3,4&cursor=x", "cursor"),
        ("?bbox=1,2,3,4&from=2026-01-06T00:00:00Z&to=2026-01-05T00:00:00Z", "from"),
    ] {
        let problem = api.get(&format!("/v1/positions/search{query}")).send().await.problem(400, "malformed-request");
        assert_eq!(problem["errors"][0]["pointer"], name, "{problem}");
    }
    let metrics = api.get("/metrics").send().await.text();
    assert!(metrics.contains("tracklane_device_alarms_total 1"), "{metrics}");
    let events = get("/v1/events?types=device.alarm").await;
    assert_eq!(events["items"][0]["event"]["data"]["alarm"], "sos", "{events}");
}

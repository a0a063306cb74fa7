//! The ports of devices, as phones use them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::wire::{Wire, unlimited};

/// A wire with a device; answers its id.
async fn with_device(identifier: &str) -> (Wire, String) {
    let wire = Wire::new().await;
    let (id, _) = wire.make("/v1/devices", json!({ "identifier": identifier })).await;
    (wire, id)
}

async fn credential(wire: &Wire, device: &str) -> String {
    let (status, body) = wire.post(&format!("/v1/devices/{device}/credential"), wire.admin(), &json!({})).await;
    assert!((200..300).contains(&status), "{body}");
    body["credential"].as_str().expect("a credential").to_owned()
}

async fn latest(wire: &Wire) -> Value {
    wire.get("/v1/positions/latest", wire.admin()).await.1["items"][0].clone()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// 2026-01-05T08:00:00Z, when tests begin.
const START: i64 = 1_767_600_000;

#[tokio::test]
async fn the_query_form_is_durable_when_it_is_answered() {
    let (wire, _) = with_device("van-1").await;
    let path = format!("/osmand?id=van-1&lat=41.15&lon=-8.61&timestamp={START}&speed=10&batt=80");
    assert_eq!(wire.get(&path, "").await, (200, json!("")));
    let found = latest(&wire).await;
    assert_eq!(
        (found["point"]["lat"].as_f64(), found["attributes"]["battery_percent"].as_f64()),
        (Some(41.15), Some(80.0))
    );
    assert!((found["speed_mps"].as_f64().unwrap() - 5.1444).abs() < 1e-3, "knots: {found}");
    // Sent again, it is a success and nothing new; so under any path, as a form, and by POST.
    assert_eq!(wire.get(&path, "").await.0, 200);
    wire.app.engine.clock.advance(30);
    let later = format!("id=van-1&lat=41.16&lon=-8.61&timestamp={}", START + 30);
    let form = wire.http.post(wire.app.url("/osmand/any/path")).body(later).send().await.unwrap();
    assert_eq!((form.status().as_u16(), form.text().await.unwrap()), (200, String::new()));
    assert_eq!(latest(&wire).await["point"]["lat"], 41.16);
    for (query, status) in [
        ("id=nobody&lat=1&lon=1", 400),
        ("lat=1&lon=1", 400),
        ("id=van-1&lat=91&lon=1", 200),
        ("id=van-1&lat=x&lon=1", 200),
        ("id=nobody&lat=x&lon=1", 400),
        ("id=van-1&batt=50", 200),
        ("id=van-1&note=hello", 200),
        ("id=van-1&lat=1&lon=1&timestamp=4000000000", 200),
    ] {
        assert_eq!(wire.get(&format!("/osmand?{query}"), "").await.0, status, "{query}");
    }
    assert_eq!(latest(&wire).await["point"]["lat"], 41.16, "none of these is a position");
    let metrics = wire.get("/metrics", wire.admin()).await.1;
    let metrics = metrics.as_str().unwrap();
    for outcome in ["unknown_device", "unreadable", "without_position", "rejected"] {
        let line = format!("tracklane_device_messages_total{{outcome=\"{outcome}\"}}");
        assert!(metrics.contains(&line), "{outcome} is not counted: {metrics}");
    }
    wire.app.stop().await;
}

#[tokio::test]
async fn the_json_form_is_read_and_answers_as_its_client_expects() {
    let (wire, _) = with_device("phone-1").await;
    let message = |device: &str| {
        json!({
            "device_id": device,
            "location": {
                "timestamp": "2026-01-05T08:00:00Z",
                "coords": { "latitude": 41.2, "longitude": -8.6, "speed": 5.0, "heading": 90.0, "accuracy": 4.0 },
            },
        })
    };
    assert_eq!(wire.post("/osmand", "", &message("phone-1")).await, (200, json!("")));
    let found = latest(&wire).await;
    assert_eq!((found["speed_mps"].as_f64(), found["point"]["lat"].as_f64()), (Some(5.0), Some(41.2)));
    assert_eq!(wire.post("/osmand", "", &message("phone-2")).await.0, 404);
    let mut broken = message("phone-1");
    broken["location"]["coords"]["latitude"] = json!(200);
    assert_eq!(wire.post("/osmand", "", &broken).await, (200, json!("")), "or it would send nothing else any more");
    broken["device_id"] = json!("phone-2");
    assert_eq!(wire.post("/osmand", "", &broken).await.0, 400);
    assert_eq!(wire.post("/osmand", "", &json!([])).await.0, 400);
    assert_eq!(latest(&wire).await["point"]["lat"], 41.2);
    wire.app.stop().await;
}

#[tokio::test]
async fn a_device_with_a_credential_must_state_it() {
    let (wire, device) = with_device("van-1").await;
    let secret = credential(&wire, &device).await;
    let path = format!("/osmand?id=van-1&lat=41.15&lon=-8.61&timestamp={START}");
    assert_eq!(wire.get(&path, "").await.0, 400);
    assert_eq!(wire.get(&format!("{path}&key=wrong"), "").await.0, 400);
    assert_eq!(wire.get(&format!("{path}&key={secret}"), "").await.0, 200);
    assert!(!latest(&wire).await.to_string().contains(&secret), "the secret is not kept");
    assert_eq!(wire.get(&path, &secret).await.0, 200, "as a bearer token");
    for (password, status) in [(secret.as_str(), 200), ("wrong", 400)] {
        let request = wire.http.get(wire.app.url(&path)).header("authorization", basic("van-1", password));
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    let body = json!({ "disabled": true });
    let request = wire.http.patch(wire.app.url(&format!("/v1/devices/{device}"))).header("if-match", "*");
    let changed = request.bearer_auth(wire.admin()).json(&body).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    assert_eq!(wire.get(&format!("{path}&key={secret}"), "").await.0, 400, "disabled");
    wire.app.stop().await;
}

#[tokio::test]
async fn whoever_guesses_credentials_is_slowed_down() {
    let (wire, device) = with_device("van-1").await;
    wire.make("/v1/devices", json!({ "identifier": "van-2" })).await;
    let secret = credential(&wire, &device).await;
    let send = async |id: &str, key: &str| {
        let path = format!("/osmand?id={id}&lat=41.15&lon=-8.61&timestamp={START}&key={key}");
        wire.http.get(wire.app.url(&path)).send().await.unwrap()
    };
    let mut answers = Vec::new();
    for _ in 0..7 {
        answers.push(send("van-1", "guess").await.status().as_u16());
    }
    assert_eq!(answers, [400, 400, 400, 400, 400, 429, 429]);
    let wait = send("van-1", &secret).await;
    assert_eq!(wait.status(), 429, "nobody learns whether a guess was right");
    assert_eq!(wait.headers()["retry-after"], "1");
    let basic = wire.http.get(wire.app.url("/v1/me")).header("authorization", basic("van-1", "guess"));
    assert_eq!(basic.send().await.unwrap().status(), 429, "wherever it is tried");
    assert_eq!(send("van-2", "").await.status(), 200, "another device of the same address goes on");
    wire.app.engine.clock.advance(1);
    assert_eq!(send("van-1", &secret).await.status(), 200);
    assert_eq!(send("van-1", "guess").await.status(), 400, "it begins anew");

    for name in 0..60 {
        send(&format!("unknown-{name}"), "").await;
    }
    assert_eq!(send("van-2", "").await.status(), 429, "a name alone could be one more guess");
    assert_eq!(send("unknown-60", "").await.status(), 429);
    assert_eq!(send("van-1", &secret).await.status(), 200, "a credential could not");
    wire.app.stop().await;
}

#[tokio::test]
async fn owntracks_is_answered_with_an_array() {
    let (wire, device) = with_device("ana/phone").await;
    let location = json!({
        "_type": "location", "topic": "owntracks/ana/phone", "lat": 41.15, "lon": -8.61, "tst": START, "vel": 36, "batt": 50,
    });
    assert_eq!(wire.post("/owntracks", "", &location).await, (200, json!([])));
    assert_eq!(latest(&wire).await["speed_mps"], 10.0);
    assert_eq!(wire.post("/owntracks", "", &location).await, (200, json!([])), "again");
    let empty = wire.http.post(wire.app.url("/owntracks")).send().await.unwrap();
    assert_eq!((empty.status().as_u16(), empty.text().await.unwrap().as_str()), (200, "[]"));
    let will = json!({ "_type": "lwt", "topic": "owntracks/ana/phone", "tst": START });
    assert_eq!(wire.post("/owntracks", "", &will).await, (200, json!([])));
    assert_eq!(wire.post("/owntracks", "", &json!({ "_type": "location", "lat": 1 })).await.0, 400);
    let broken = json!({ "_type": "location", "topic": "owntracks/ana/phone", "lat": 1 });
    assert_eq!(wire.post("/owntracks", "", &broken).await, (200, json!([])), "it would come again for ever");
    assert_eq!(wire.post("/owntracks?u=ana&d=phone", "", &json!("nonsense")).await, (200, json!([])));
    assert_eq!(wire.post("/owntracks?u=eva&d=phone", "", &json!("nonsense")).await.0, 400);
    assert_eq!(wire.post("/owntracks", "", &json!({ "_type": "lwt" })).await.0, 401, "nobody says whose it is");

    let secret = credential(&wire, &device).await;
    assert_eq!(wire.post("/owntracks", "", &location).await.0, 401);
    wire.app.engine.clock.advance(60);
    let plain = json!({ "_type": "location", "lat": 41.17, "lon": -8.61, "tst": START + 60 });
    for (path, body) in [("/owntracks", &location), ("/owntracks?u=ana&d=phone", &plain), ("/owntracks", &plain)] {
        let request = wire.http.post(wire.app.url(path)).header("authorization", basic("ana/phone", &secret));
        assert_eq!(request.json(body).send().await.unwrap().status(), 200, "{path} {body}");
    }
    assert_eq!(latest(&wire).await["point"]["lat"], 41.17);
    wire.app.stop().await;
}

#[tokio::test]
async fn a_device_that_is_too_fast_is_slowed_down_and_then_sent_away() {
    let mut settings = unlimited();
    settings.limits.positions_per_second = 1;
    let wire = Wire::with(settings).await;
    wire.make("/v1/devices", json!({ "identifier": "van-1" })).await;
    let send = |n: i64| wire_get(&wire, format!("/osmand?id=van-1&lat=41.15&lon=-8.61&timestamp={}", START + n));
    assert_eq!((send(0).await, send(1).await), (200, 200));
    // The clock of the test stands still, so waiting does not help.
    assert_eq!(send(2).await, 429);
    wire.app.engine.clock.advance(1);
    assert_eq!(send(3).await, 200);
    wire.app.stop().await;
}

async fn wire_get(wire: &Wire, path: String) -> u16 {
    wire.get(&path, "").await.0
}

#[tokio::test]
async fn who_was_sent_away_is_a_list() {
    let (wire, _) = with_device("van-1").await;
    let admin = wire.admin().to_owned();
    assert_eq!(
        wire.get("/v1/devices/unknown", &admin).await,
        (200, json!({ "items": [], "next_cursor": null, "has_more": false }))
    );
    for _ in 0..2 {
        assert_eq!(wire.get("/osmand?id=nobody&lat=1&lon=1", "").await.0, 400);
    }
    assert_eq!(wire.get("/osmand?id=van-1&lat=1&lon=1", "").await.0, 200);
    let (_, found) = wire.get("/v1/devices/unknown", &admin).await;
    let one = &found["items"][0];
    assert_eq!(
        (found["items"].as_array().unwrap().len(), &one["identifier"], &one["protocol"]),
        (1, &json!("nobody"), &json!("osmand"))
    );
    assert_eq!(
        (&one["reason"], &one["count"], &one["last_seen_at"]),
        (&json!("unknown"), &json!(2), &json!("2026-01-05T08:00:00Z"))
    );
    wire.make("/v1/devices", json!({ "identifier": "nobody" })).await;
    assert_eq!(wire.get("/v1/devices/unknown", &admin).await.1["items"], json!([]));
}

//! The public tracking page on a real socket.

use serde_json::{Value, json};
use tracklane_server::ServerSettings;

use crate::wire::{Wire, unlimited};

/// What must never be seen through a link.
const PERSONAL: &[&str] = &[
    "Costa",
    "rui@example.pt",
    "+351912345678",
    "Rua das Flores",
    "Lopes",
    "Zacarias",
    "+351987654321",
    "van-1",
    "drv_",
    "dev_",
    "cus_",
    "ten_",
    "left with the dog",
    "behind the bins",
];

/// A shipment with a driver, a device and a link.
struct Parcel {
    wire: Wire,
    shipment: String,
    link: String,
    token: String,
}

async fn parcel(settings: ServerSettings) -> Parcel {
    let wire = Wire::with(settings).await;
    let (driver, _) = wire.make("/v1/drivers", json!({ "name": "Zacarias Motorista", "phone": "+351987654321" })).await;
    wire.make("/v1/devices", json!({ "identifier": "van-1", "driver_id": driver })).await;
    let body = json!({
        "reference": "ORDER-7",
        "sender": { "name": "Ana Lopes", "email": "ana@example.pt" },
        "recipient": { "name": "Rui Costa", "email": "rui@example.pt", "phone": "+351912345678" },
        "origin": { "name": "Hub", "location_type": "hub", "address": { "city": "Porto", "point": { "lat": 41.15, "lon": -8.61 } } },
        "destination": {
            "name": "Door",
            "address": { "line1": "Rua das Flores 1", "city": "Matosinhos", "point": { "lat": 41.18, "lon": -8.69 } },
            "time_zone": "Europe/Lisbon",
        },
        "eta_from": "2026-01-05T14:00:00Z",
        "eta_to": "2026-01-05T16:00:00Z",
        "driver_id": driver,
    });
    let (shipment, _) = wire.make("/v1/shipments", body).await;
    let (_, link) = wire.make(&format!("/v1/shipments/{shipment}/links"), json!({})).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    Parcel { shipment, link: text(&link["link"]["id"]), token: text(&link["token"]), wire }
}

impl Parcel {
    async fn page(&self) -> String {
        let (status, page) = self.wire.get(&format!("/t/{}", self.token), "").await;
        assert_eq!(status, 200, "{page}");
        page.as_str().expect("a page").to_owned()
    }

    async fn data(&self) -> Value {
        let (status, data) = self.wire.get(&format!("/t/{}/data", self.token), "").await;
        assert_eq!(status, 200, "{data}");
        data
    }

    /// States a fact with an operator's words, which are nobody else's business.
    async fn fact(&self, status: &str, words: &str) -> Value {
        self.wire.minute();
        let fact = json!({ "status": status, "raw_text": words, "offset_seconds": 3_600 });
        let path = format!("/v1/shipments/{}/events", self.shipment);
        let (code, body) = self.wire.post(&path, self.wire.admin(), &fact).await;
        assert_eq!(code, 201, "{body}");
        body
    }
}

#[track_caller]
fn nothing_personal(text: &str) {
    for word in PERSONAL {
        assert!(!text.contains(word), "{word} is shown: {text}");
    }
}

#[tokio::test]
async fn the_page_says_everything_but_who_and_where_exactly() {
    let parcel = parcel(unlimited()).await;
    parcel.fact("picked_up", "left with the dog").await;
    parcel.fact("in_transit", "behind the bins").await;
    parcel.wire.position("van-1", 41.16, -8.64).await;
    let page = parcel.page().await;
    nothing_personal(&page);
    for said in [
        "On the way",
        "ORDER-7",
        "For Rui",
        "What happened",
        "Expected 5 Jan 2026, 14:00 – 16:00 UTC",
        "5 Jan 2026, 08:02 UTC</time>",
        "All times are those of the destination, Europe&#x2f;Lisbon.",
        "/assets/tracking.js",
        "/assets/tracking.css",
        "Last seen at 41.1600, -8.6400",
        "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>",
    ] {
        assert!(page.contains(said), "{said:?} is missing: {page}");
    }
    let block = page.split("id=\"tracklane-data\">").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
    let data = parcel.data().await;
    assert_eq!(serde_json::from_str::<Value>(block).expect("JSON"), data);
    nothing_personal(&data.to_string());
    assert_eq!(data["recipient_first_name"], "Rui");
    assert_eq!(data["position"]["lat"], 41.16);
    assert_eq!(data["timeline"][0]["text"], "On the way");

    let response = parcel.wire.http.get(parcel.wire.app.url(&format!("/t/{}", parcel.token))).send().await.unwrap();
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    parcel.wire.app.stop().await;
}

#[tokio::test]
async fn words_of_strangers_stay_text() {
    let wire = Wire::new().await;
    let body =
        json!({ "reference": "</script><script>alert(1)</script>", "recipient": { "name": "<b>Rui</b> Costa" } });
    let (shipment, _) = wire.make("/v1/shipments", body).await;
    let (_, link) = wire.make(&format!("/v1/shipments/{shipment}/links"), json!({})).await;
    let (_, page) = wire.get(&format!("/t/{}", link["token"].as_str().unwrap()), "").await;
    let page = page.as_str().unwrap();
    assert!(!page.contains("<script>alert") && !page.contains("<b>Rui"), "{page}");
    assert!(page.contains("&lt;b&gt;Rui"), "{page}");
    wire.app.stop().await;
}

#[tokio::test]
async fn the_position_is_there_only_on_the_way() {
    let parcel = parcel(unlimited()).await;
    parcel.wire.position("van-1", 40.0, -8.0).await;
    let before = parcel.data().await;
    assert_eq!((&before["position"], &before["destination"]), (&Value::Null, &Value::Null), "not picked up yet");

    let path = format!("/t/{}/live", parcel.token);
    let mut events = parcel.wire.events(&path, "", None).await;
    let first = events.next_of("update").await;
    assert_eq!((first.data["status"].as_str(), first.retry.is_some()), (Some("assigned"), true));
    parcel.fact("picked_up", "left with the dog").await;
    loop {
        let update = events.next_of("update").await.data;
        nothing_personal(&update.to_string());
        if update["status"] == "picked_up" {
            assert_eq!(update["position"]["lat"], 40.0);
            break;
        }
    }
    parcel.wire.minute();
    parcel.wire.position("van-1", 40.1, -8.0).await;
    while events.next_of("update").await.data["position"]["lat"] != 40.1 {}

    parcel.fact("delivered", "behind the bins").await;
    loop {
        let update = events.next_of("update").await.data;
        nothing_personal(&update.to_string());
        if update["status"] == "delivered" {
            assert_eq!((&update["position"], &update["destination"]), (&Value::Null, &Value::Null));
            break;
        }
    }
    parcel.wire.minute();
    parcel.wire.position("van-1", 40.2, -8.0).await;
    events.is_quiet().await;
    assert_eq!(parcel.data().await["position"], Value::Null);
    assert!(!parcel.page().await.contains("Last seen"));
    parcel.wire.app.stop().await;
}

#[tokio::test]
async fn what_did_not_happen_is_not_shown() {
    let parcel = parcel(unlimited()).await;
    parcel.fact("picked_up", "left with the dog").await;
    let detail = parcel.fact("in_transit", "behind the bins").await;
    let wrong = detail["events"].as_array().unwrap().last().unwrap()["event"]["id"].clone();
    let body = json!({ "event_id": wrong, "reason_text": "behind the bins" });
    let path = format!("/v1/shipments/{}/retractions", parcel.shipment);
    assert_eq!(parcel.wire.post(&path, parcel.wire.admin(), &body).await.0, 200);
    let data = parcel.data().await;
    nothing_personal(&data.to_string());
    assert_eq!((&data["status"], &data["timeline"][0]["text"]), (&json!("picked_up"), &json!("Collected")));
    parcel.wire.app.stop().await;
}

#[tokio::test]
async fn links_that_lead_nowhere_all_look_the_same() {
    let parcel = parcel(unlimited()).await;
    let wire = &parcel.wire;
    let unknown = wire.get("/t/no-such-token", "").await;
    assert_eq!(unknown.0, 404);
    assert!(unknown.1.as_str().is_some_and(|page| page.contains("This link leads nowhere")), "{}", unknown.1);

    let soon = json!({ "expires_at": "2026-01-05T08:10:00Z" });
    let (_, link) = wire.make(&format!("/v1/shipments/{}/links", parcel.shipment), soon).await;
    let expiring = format!("/t/{}", link["token"].as_str().unwrap());
    assert_eq!(wire.get(&expiring, "").await.0, 200);
    wire.app.engine.clock.advance(601);
    assert_eq!(wire.get(&expiring, "").await, unknown);

    let mut events = wire.events(&format!("/t/{}/live", parcel.token), "", None).await;
    events.next_of("update").await;
    let path = format!("/v1/shipments/{}/links/{}", parcel.shipment, parcel.link);
    assert_eq!(wire.call(reqwest::Method::DELETE, &path, wire.admin(), None).await.0, 204);
    assert_eq!(wire.get(&format!("/t/{}", parcel.token), "").await, unknown);
    parcel.fact("picked_up", "left with the dog").await;
    assert!(events.next().await.is_none(), "the stream has ended");
    for path in [format!("/t/{}/data", parcel.token), "/t/x/data".to_owned(), format!("/t/{}/live", parcel.token)] {
        assert_eq!(wire.get(&path, "").await.0, 404, "{path}");
    }
    parcel.wire.app.stop().await;
}

#[tokio::test]
async fn an_address_is_limited() {
    let mut settings = unlimited();
    settings.limits.public_requests_per_minute = 3;
    settings.limits.public_streams_per_address = 1;
    let parcel = parcel(settings).await;
    let path = format!("/t/{}/live", parcel.token);
    let mut events = parcel.wire.events(&path, "", None).await;
    events.next_of("update").await;
    let (status, problem) = parcel.wire.get(&path, "").await;
    assert_eq!((status, &problem["violated-policies"]), (429, &json!(["streams"])));
    parcel.page().await;
    let (status, problem) = parcel.wire.get(&format!("/t/{}", parcel.token), "").await;
    assert_eq!((status, &problem["violated-policies"]), (429, &json!(["pages"])));
    parcel.wire.app.stop().await;
}

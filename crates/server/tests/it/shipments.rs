//! Shipments with their facts, packages, legs, drivers and links.

use serde_json::{Value, json};
use tracklane_core::model::Role;

use crate::support::{Answer, Api, new_key, shipment};

async fn fact(api: &Api, id: &str, status: &str) -> Answer {
    api.post(&format!("/v1/shipments/{id}/events")).json(&json!({ "status": status })).send().await
}

#[tokio::test]
async fn a_shipment_is_made_with_everything_that_belongs_to_it() {
    let api = Api::new().await;
    let driver = api.make_id("/v1/drivers", json!({ "name": "Rui" })).await;
    let mut body = shipment("R-1");
    body["driver_id"] = json!(driver);
    let made = api.make("/v1/shipments", body).await;
    assert_eq!((&made["shipment"]["status"], &made["shipment"]["driver_id"]), (&json!("assigned"), &json!(driver)));
    assert_eq!(made["sender"]["name"], "Ana Lopes");
    assert_eq!(made["packages"][0]["tracking_number"], "TN-R-1");
    assert_eq!(made["legs"][0]["mode"], "fleet");
    let id = made["shipment"]["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/v1/shipments/{id}")).send().await.ok()["shipment"], made["shipment"]);
    let again = api.post("/v1/shipments").json(&shipment("R-1")).send().await;
    again.problem(409, "conflict");
    let both = json!({ "sender": { "name": "A" }, "sender_id": made["sender"]["id"], "driver_id": "x" });
    api.post("/v1/shipments").json(&both).send().await.wrong_at(422, "invalid-input", "#/driver_id", "drv_");
    let nested = json!({ "packages": [{}, { "weight_kg": -1 }] });
    api.post("/v1/shipments").json(&nested).send().await.wrong_at(422, "invalid-input", "#/packages/1/weight_kg", "");
}

#[tokio::test]
async fn facts_move_it_along_and_illegal_ones_are_refused_with_what_is_allowed() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    for status in ["picked_up", "in_transit", "out_for_delivery"] {
        let answer = fact(&api, &id, status).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.json()["shipment"]["status"], status);
        api.engine.clock.advance(60);
    }
    let body = fact(&api, &id, "created").await.problem(409, "illegal-transition");
    let allowed = body["allowed"].as_array().unwrap();
    assert!(allowed.contains(&json!("delivered")) && !allowed.contains(&json!("created")), "{body}");
    assert_eq!(fact(&api, &id, "delivered").await.ok()["shipment"]["status"], "delivered");
    let body = fact(&api, &id, "in_transit").await.problem(409, "illegal-transition");
    assert_eq!(body["allowed"], json!([]));

    api.engine.clock.advance(60);
    let path = format!("/v1/shipments/{id}/corrections");
    let missing = api.post(&path).json(&json!({ "status": "exception" })).send().await;
    missing.wrong_at(422, "invalid-input", "#/reason_text", "is required");
    let correction =
        json!({ "status": "exception", "substatus": "damaged", "reason_text": "signed for the wrong parcel" });
    let corrected = api.post(&path).json(&correction).send().await.ok();
    assert_eq!(corrected["shipment"]["status"], "exception");
    let facts = api.get(&format!("/v1/shipments/{id}/events")).send().await.ok();
    let last = facts["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["event"]["kind"], "correction");
    let retraction = json!({ "event_id": last["event"]["id"], "reason_text": "it was the right one" });
    let retracted = api.post(&format!("/v1/shipments/{id}/retractions")).json(&retraction).send().await.ok();
    assert_eq!(retracted["shipment"]["status"], "delivered");
}

#[tokio::test]
async fn a_write_answers_what_it_wrote_and_the_timeline_is_read_in_pages() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    let note = |n: u32| json!({ "kind": "note", "raw_text": format!("note {n}") });
    for n in 1..=60 {
        api.engine.clock.advance(1);
        let written = api.post(&format!("/v1/shipments/{id}/events")).json(&note(n)).send().await.ok();
        let texts: Vec<_> =
            written["events"].as_array().unwrap().iter().map(|view| &view["event"]["raw_text"]).collect();
        assert_eq!(texts, [&json!(format!("note {n}"))], "not the whole timeline");
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), ["events", "shipment"]);
    }
    let path = format!("/v1/shipments/{id}/events");
    let first = api.get(&path).send().await;
    let next = first.header("link").strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\"")).unwrap().0;
    let second = api.get(next).send().await;
    assert_eq!(second.header("link"), "");
    let (first, second) = (first.ok(), second.ok());
    let count = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (50, 11), "the first fact is that it was made");
    assert_eq!((&first["has_more"], &second["has_more"]), (&json!(true), &json!(false)));
    assert_eq!(second["items"][10]["event"]["raw_text"], "note 60");
    let cursor = first["next_cursor"].as_str().unwrap();
    let other = api.make_id("/v1/shipments", shipment("R-2")).await;
    let lost = api.get(&format!("/v1/shipments/{other}/events?cursor={cursor}")).send().await;
    lost.wrong_at(400, "malformed-request", "cursor", "of this list");
}

#[tokio::test]
async fn facts_of_the_far_future_and_of_other_things_are_refused() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    let path = format!("/v1/shipments/{id}/events");
    let post = |body: Value| api.post(&path).json(&body).send();
    let future = json!({ "status": "picked_up", "occurred_at": "2030-01-01T00:00:00Z" });
    post(future).await.wrong_at(422, "invalid-input", "#/occurred_at", "future");
    post(json!({ "status": "arrived" })).await.wrong_at(422, "invalid-input", "#/status", "unknown variant");
    post(json!({})).await.wrong_at(422, "invalid-input", "#/status", "required");
    let other = json!({ "status": "picked_up", "package_id": "pkg_00000000000000000000000000" });
    post(other).await.wrong_at(422, "invalid-input", "#/package_id", "");
    let answer =
        api.post("/v1/shipments/shp_00000000000000000000000000/events").json(&json!({ "status": "picked_up" }));
    answer.send().await.problem(404, "not-found");
}

#[tokio::test]
async fn it_is_assigned_cancelled_and_sent_back() {
    let api = Api::new().await;
    let driver = api.make_id("/v1/drivers", json!({ "name": "Rui" })).await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    let path = format!("/v1/shipments/{id}");
    let assign = api.post(&format!("{path}/assign")).json(&json!({ "courier_id": driver })).send().await.ok();
    assert_eq!(assign["shipment"]["driver_id"], json!(driver));
    api.engine.clock.advance(60);
    let unassigned = api.post(&format!("{path}/unassign")).send().await.ok();
    assert_eq!(
        (&unassigned["shipment"]["driver_id"], &unassigned["shipment"]["status"]),
        (&Value::Null, &json!("created"))
    );
    let cancelled = api.post(&format!("{path}/cancel")).send().await.ok();
    assert_eq!(cancelled["shipment"]["status"], "cancelled");
    api.post(&format!("{path}/cancel"))
        .json(&json!({ "text": "again" }))
        .send()
        .await
        .problem(409, "illegal-transition");

    let id = api.make_id("/v1/shipments", shipment("R-2")).await;
    for status in ["picked_up", "in_transit", "delivered"] {
        assert_eq!(fact(&api, &id, status).await.status, 201);
        api.engine.clock.advance(60);
    }
    let back = api.post(&format!("/v1/shipments/{id}/return")).json(&json!({})).send().await.ok();
    assert_eq!((&back["shipment"]["status"], &back["shipment"]["return_leg"]), (&json!("returning"), &json!(true)));
}

#[tokio::test]
async fn packages_legs_and_links_come_and_go() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    let path = format!("/v1/shipments/{id}");
    let package = api.make_id(&format!("{path}/packages"), json!({ "tracking_number": "TN-2" })).await;
    let one = format!("{path}/packages/{package}");
    let changed = api.patch(&one).header("if-match", "\"1\"").json(&json!({ "weight_kg": 2.5 })).send().await.ok();
    assert_eq!(changed["weight_kg"], 2.5);
    assert_eq!(api.delete(&one).send().await.status, 204);
    let packages = api.get(&format!("{path}/packages")).send().await.ok();
    assert_eq!(packages["items"].as_array().map(Vec::len), Some(1));

    let leg = json!({ "mode": "carrier", "carrier": "ups", "tracking_number": "1Z" });
    let leg = api.make_id(&format!("{path}/legs"), leg).await;
    let one = format!("{path}/legs/{leg}");
    let changed = api.patch(&one).header("if-match", "*").json(&json!({ "carrier": "dhl" })).send().await.ok();
    assert_eq!(changed["carrier"], "dhl");
    let bad = json!({ "mode": "fleet", "carrier": "ups" });
    api.post(&format!("{path}/legs")).json(&bad).send().await.wrong_at(422, "invalid-input", "#/carrier", "");

    let link = api.make(&format!("{path}/links"), json!({})).await;
    let url = link["url"].as_str().unwrap();
    assert_eq!(url, format!("http://127.0.0.1:8080/t/{}", link["token"].as_str().unwrap()));
    let one = format!("{path}/links/{}", link["link"]["id"].as_str().unwrap());
    assert_eq!(api.delete(&one).send().await.status, 204);
    let links = api.get(&format!("{path}/links")).send().await.ok();
    assert!(links["items"][0]["link"]["revoked_at"].is_string(), "{links}");
}

#[tokio::test]
async fn lists_filter_by_anything() {
    let api = Api::new().await;
    let first = api.make("/v1/shipments", shipment("R-1")).await;
    api.make("/v1/shipments", shipment("R-2")).await;
    let id = first["shipment"]["id"].as_str().unwrap();
    assert_eq!(fact(&api, id, "picked_up").await.status, 201);
    let sender = first["sender"]["id"].as_str().unwrap();
    let origin = first["origin"]["id"].as_str().unwrap();
    for (query, expected) in [
        ("status=picked_up".to_owned(), 1),
        ("status=picked_up,created".to_owned(), 2),
        ("status=picked_up&status=created".to_owned(), 2),
        ("reference=R-2".to_owned(), 1),
        ("tracking_number=TN-R-1".to_owned(), 1),
        (format!("sender_id={sender}"), 1),
        (format!("customer_id={sender}"), 1),
        (format!("recipient_id={sender}"), 0),
        (format!("origin_id={origin}"), 1),
        ("active=false".to_owned(), 0),
        ("active=true&delayed=false&return_leg=false".to_owned(), 2),
        ("created_from=2026-01-05T08:00:00Z".to_owned(), 2),
        ("created_to=2026-01-05T08:00:00Z".to_owned(), 0),
        ("q=r-2".to_owned(), 1),
    ] {
        let page = api.get(&format!("/v1/shipments?{query}")).send().await.ok();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(expected), "{query}");
    }
}

#[tokio::test]
async fn drivers_and_customers_see_their_own_alone() {
    let api = Api::new().await;
    let driver = api.make_id("/v1/drivers", json!({ "name": "Rui" })).await;
    let customer = api.make_id("/v1/customers", json!({ "name": "Ana" })).await;
    let mine = api.make_id("/v1/shipments", json!({ "driver_id": driver, "recipient_id": customer })).await;
    let other = api.make_id("/v1/shipments", shipment("R-1")).await;
    let mut driver_key = new_key(Role::Driver);
    driver_key.driver_id = Some(driver.parse().unwrap());
    let mut customer_key = new_key(Role::Customer);
    customer_key.customer_id = Some(customer.parse().unwrap());
    for key in [api.key(driver_key).await, api.key(customer_key).await] {
        let page = api.get("/v1/shipments").by(&key).send().await.ok();
        let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [mine.as_str()]);
        assert_eq!(api.get(&format!("/v1/shipments/{mine}")).by(&key).send().await.status, 200);
        api.get(&format!("/v1/shipments/{other}")).by(&key).send().await.problem(404, "not-found");
        api.get(&format!("/v1/shipments/{other}/events")).by(&key).send().await.problem(404, "not-found");
    }
}

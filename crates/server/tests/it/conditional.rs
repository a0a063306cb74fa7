//! Versions: ETag, If-Match, If-None-Match, merge patches.

use serde_json::json;

use crate::support::{Api, shipment};

#[tokio::test]
async fn a_change_needs_the_version_it_is_based_on() {
    let api = Api::new().await;
    let made = api.post("/v1/customers").json(&json!({ "name": "Ana", "phone": "+351912345678" })).send().await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"1\""));
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("/v1/customers/{}", made.id()));

    let patch = || api.patch(&path).text("application/merge-patch+json", r#"{"name":"Ana Lopes","phone":null}"#);
    patch().send().await.problem(428, "version-required");
    let mismatch = patch().header("if-match", "\"9\"").send().await;
    assert_eq!(mismatch.header("etag"), "\"1\"", "the present version is told");
    mismatch.problem(412, "version-mismatch");
    let changed = patch().header("if-match", "\"1\"").send().await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    let body = changed.json();
    assert_eq!((&body["name"], &body["phone"]), (&json!("Ana Lopes"), &json!(null)));
    patch().header("if-match", "\"1\"").send().await.problem(412, "version-mismatch");
    assert_eq!(patch().header("if-match", "*").send().await.status, 200);
}

#[tokio::test]
async fn a_read_answers_304_to_those_who_have_it() {
    let api = Api::new().await;
    let id = api.make_id("/v1/customers", json!({ "name": "Ana" })).await;
    let path = format!("/v1/customers/{id}");
    let first = api.get(&path).send().await;
    let again = api.get(&path).header("if-none-match", first.header("etag")).send().await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(api.get(&path).header("if-none-match", "\"0\"").send().await.status, 200);
}

#[tokio::test]
async fn the_tag_of_a_detail_covers_its_parts_and_works_for_changes() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", shipment("R-1")).await;
    let path = format!("/v1/shipments/{id}");
    let before = api.get(&path).send().await;
    api.make(&format!("{path}/links"), json!({})).await;
    let after = api.get(&path).header("if-none-match", before.header("etag")).send().await;
    assert_eq!(after.status, 200, "a new link changes the detail");
    let changed = api.patch(&path).header("if-match", after.header("etag")).json(&json!({ "reference": "R-2" }));
    assert_eq!(changed.send().await.ok()["reference"], "R-2");
}

#[tokio::test]
async fn a_patch_names_what_it_cannot_change() {
    let api = Api::new().await;
    let id = api.make_id("/v1/customers", json!({ "name": "Ana" })).await;
    let patch =
        |body: serde_json::Value| api.patch(&format!("/v1/customers/{id}")).header("if-match", "*").json(&body).send();
    patch(json!({ "version": 7 })).await.wrong_at(422, "invalid-input", "#/version", "unknown field");
    patch(json!({ "name": null })).await.wrong_at(422, "invalid-input", "#/name", "is required");
    patch(json!([1])).await.wrong_at(422, "invalid-input", "#", "must be an object");
    patch(json!({ "address": { "country": "pt" } })).await.wrong_at(422, "invalid-input", "#/address/country", "");
    let nested = patch(json!({ "address": { "city": "Porto" } })).await.ok();
    assert_eq!(nested["address"]["city"], "Porto");
    let other = patch(json!({ "address": { "line1": "Rua 1" } })).await.ok();
    assert_eq!((&other["address"]["city"], &other["address"]["line1"]), (&json!("Porto"), &json!("Rua 1")));
}

#[tokio::test]
async fn a_delete_may_name_a_version() {
    let api = Api::new().await;
    let id = api.make_id("/v1/vehicles", json!({ "vehicle_type": "van" })).await;
    let path = format!("/v1/vehicles/{id}");
    api.delete(&path).header("if-match", "\"7\"").send().await.problem(412, "version-mismatch");
    assert_eq!(api.delete(&path).header("if-match", "\"1\"").send().await.status, 204);
    api.delete(&path).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn a_credential_is_a_change_of_its_device() {
    let api = Api::new().await;
    let path = format!("/v1/devices/{}", api.make_id("/v1/devices", json!({ "identifier": "van-1" })).await);
    let first = api.get(&path).send().await.header("etag").to_owned();
    api.post(&format!("{path}/credential")).send().await.ok();
    let stale = api.get(&path).header("if-none-match", &first).send().await;
    assert_eq!(stale.status, 200, "it has one now");
    let second = stale.header("etag").to_owned();
    assert_eq!(stale.ok()["has_credential"], true);
    let change = |tag: &str| api.patch(&path).header("if-match", tag).json(&json!({ "name": "Van" })).send();
    change(&first).await.problem(412, "version-mismatch");
    assert_eq!(api.delete(&format!("{path}/credential")).send().await.status, 204);
    change(&second).await.problem(412, "version-mismatch");
    assert_eq!(change(api.get(&path).send().await.header("etag")).await.ok()["has_credential"], false);
}

//! The document of the API: kept in step, complete, and true of the routes.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Api;

/// Routes that are no part of the documented API.
const UNDOCUMENTED: &[&str] = &["/openapi.json", "/docs", "/problems/", "/v1/couriers", "/t/", "/osmand/"];

fn document() -> Value {
    serde_json::from_str(tracklane_server::openapi::text()).expect("the document is JSON")
}

/// `crates/server/openapi.json` is what the code says. `UPDATE_OPENAPI=1 cargo test -p tracklane-server openapi` writes it.
#[test]
fn the_snapshot_is_in_step() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let now = tracklane_server::openapi::text();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, now).expect("the snapshot can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "openapi.json is out of step: UPDATE_OPENAPI=1 cargo test -p tracklane-server openapi");
}

#[tokio::test]
async fn the_document_is_served() {
    let api = Api::new().await;
    let served = api.get("/openapi.json").anonymous().send().await;
    assert_eq!(served.text(), tracklane_server::openapi::text());
    assert_eq!(served.json()["openapi"], "3.1.0");
}

/// The debug form of a router names every path that it knows.
#[tokio::test]
async fn every_route_is_in_the_document() {
    let api = Api::new().await;
    let debug = format!("{:?}", api.router);
    let path = |text: &&str| text.starts_with('/') && *text != "/" && !text.contains("__private");
    let served: BTreeSet<&str> = debug.split('"').filter(path).collect();
    assert!(served.contains("/v1/shipments/{id}"), "the debug form of a router has changed: {debug}");
    let document = document();
    let documented: BTreeSet<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let missing: Vec<_> = served
        .iter()
        .filter(|path| !documented.contains(**path) && !UNDOCUMENTED.iter().any(|prefix| path.starts_with(prefix)))
        .collect();
    assert!(missing.is_empty(), "not in the document: {missing:?}");
}

#[test]
fn operations_are_named_tagged_summed_up_and_secured() {
    let document = document();
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    let known: BTreeSet<&str> = tracklane_server::permissions::TABLE.iter().map(|row| row.name).collect();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(names.insert(name.to_owned()) && !name.contains(' '), "{method} {path}: operation id {name:?}");
            assert!(
                tags.contains(operation["tags"][0].as_str().unwrap_or_default()),
                "{method} {path} has no known tag"
            );
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!((3..60).contains(&summary.len()), "{method} {path} has no summary: {operation}");
            let security = operation["security"].as_array();
            for requirement in security.unwrap_or_else(|| panic!("{method} {path} says nothing about security")) {
                for permission in requirement["bearer"].as_array().into_iter().flatten() {
                    assert!(known.contains(permission.as_str().unwrap()), "{method} {path} needs unknown {permission}");
                }
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|inner| walk(inner, found));
            }
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// A stream of events is no text: a schema would be held against each event.
#[test]
fn streams_have_no_schema() {
    let document = document();
    for path in ["/v1/live/sse", "/t/{token}/live"] {
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"];
        assert!(
            content["text/event-stream"].is_object() && content["text/event-stream"]["schema"].is_null(),
            "{content}"
        );
    }
}

/// What the document lets pass without limits, because the code does too: texts in the words of systems before, bound by the
/// size of the body or looked up whole.
const UNLIMITED: &[&str] = &[
    "OrderItem.name",
    "OrderItem.product_id",
    "OrderItem.productId",
    "OrderItem.price",
    "NewOrder.items",
    "OrderAssignment.orderId",
    "DeliveryStatus.status",
    "ZoneSchedule.time_zone",
];

/// Every text, number and list of a body has its limits in the document, or leads to a list of words.
#[test]
fn bodies_state_their_limits() {
    let document = document();
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let bodies = operation["requestBody"]["content"]["application/json"]["schema"].as_object();
        let patches = operation["requestBody"]["content"]["application/merge-patch+json"]["schema"].as_object();
        for schema in bodies.into_iter().chain(patches) {
            look(&document, &Value::Object(schema.clone()), "", &mut seen, &mut missing);
        }
    }
    assert!(seen.len() > 40, "{seen:?}");
    let known: BTreeSet<_> = UNLIMITED.iter().map(|name| (*name).to_owned()).collect();
    let missing: Vec<_> = missing.difference(&known).collect();
    assert!(missing.is_empty(), "without limits: {missing:?}");
}

fn look(document: &Value, schema: &Value, name: &str, seen: &mut BTreeSet<String>, missing: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        if seen.insert(name.to_owned()) {
            look(document, &document["components"]["schemas"][name], name, seen, missing);
        }
        return;
    }
    for part in ["oneOf", "anyOf", "allOf"] {
        for choice in schema[part].as_array().into_iter().flatten() {
            look(document, choice, name, seen, missing);
        }
    }
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|other| other == kind))
    };
    let has = |names: &[&str]| names.iter().any(|name| !schema[name].is_null());
    let limited = !(is("string") && !has(&["maxLength", "pattern", "format", "enum"])
        || (is("number") || is("integer")) && !(has(&["minimum", "exclusiveMinimum"]) && has(&["maximum"]))
        || is("array") && !has(&["maxItems"]) && !name.is_empty());
    if !limited {
        missing.insert(name.to_owned());
    }
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        look(document, property, &format!("{name}.{field}"), seen, missing);
    }
}

/// The limits are those that the code has: a little beyond one the answer names the field, at it it does not.
#[tokio::test]
async fn the_limits_of_bodies_are_those_of_the_code() {
    let api = Api::new().await;
    let id = api.make_id("/v1/shipments", json!({})).await;
    let schemas = document()["components"]["schemas"].clone();
    let point = json!({ "lat": 1, "lon": 1 });
    let bodies = [
        ("/v1/customers".to_owned(), "NewCustomer", "", json!({ "name": "A" })),
        ("/v1/customers".to_owned(), "Address", "/address", json!({ "name": "A", "address": {} })),
        ("/v1/customers".to_owned(), "Point", "/address/point", json!({ "name": "A", "address": { "point": point } })),
        ("/v1/locations".to_owned(), "NewLocation", "", json!({ "name": "A" })),
        ("/v1/drivers".to_owned(), "NewDriver", "", json!({ "name": "A" })),
        ("/v1/vehicles".to_owned(), "NewVehicle", "", json!({ "vehicle_type": "van" })),
        ("/v1/devices".to_owned(), "NewDevice", "", json!({ "identifier": "A" })),
        (
            "/v1/users".to_owned(),
            "NewUser",
            "",
            json!({ "name": "A", "email": "a@b.c", "role": "viewer", "password": "long enough to do" }),
        ),
        ("/v1/api-keys".to_owned(), "NewApiKey", "", json!({ "name": "A", "role": "viewer" })),
        ("/v1/endpoints".to_owned(), "NewEndpoint", "", json!({ "url": "https://example.com" })),
        ("/v1/shipments".to_owned(), "NewShipment", "", json!({})),
        (format!("/v1/shipments/{id}/packages"), "NewPackage", "", json!({})),
        (format!("/v1/shipments/{id}/legs"), "NewLeg", "", json!({ "mode": "carrier", "carrier": "A" })),
        (format!("/v1/shipments/{id}/events"), "NewFact", "", json!({ "kind": "note", "raw_text": "A" })),
        (
            format!("/v1/shipments/{id}/events"),
            "Place",
            "/place",
            json!({ "kind": "note", "raw_text": "A", "place": {} }),
        ),
        (
            format!("/v1/shipments/{id}/corrections"),
            "NewCorrection",
            "",
            json!({ "status": "created", "reason_text": "A" }),
        ),
        (
            "/v1/positions".to_owned(),
            "PositionInput",
            "",
            json!({ "device": "A", "fix_time": "2026-01-05T07:00:00Z", "lat": 1, "lon": 1 }),
        ),
        ("/deliveries".to_owned(), "NewDelivery", "", json!({})),
        ("/deliveries".to_owned(), "NewParty", "/customer", json!({ "customer": { "name": "A" } })),
        (
            "/deliveries".to_owned(),
            "Coordinates",
            "/pickup_location",
            json!({ "pickup_location": { "latitude": 1, "longitude": 1 } }),
        ),
        ("/api/orders".to_owned(), "NewOrder", "", json!({})),
    ];
    let (mut tried, mut wrong) = (0, Vec::new());
    for (path, schema, under, body) in bodies {
        for (field, rule) in schemas[schema]["properties"].as_object().expect(schema) {
            // What nothing is called is refused for that, however long it is.
            let looked_up = (schema, field.as_str()) == ("PositionInput", "device");
            for (value, fits) in cases(rule).into_iter().filter(|_| !looked_up) {
                let mut body = body.clone();
                let place = body.pointer_mut(under).unwrap();
                place[field.as_str()] = value;
                let answer = api.post(&path).json(&body).send().await;
                let errors = if answer.status.is_success() { json!([]) } else { answer.json()["errors"].clone() };
                let pointer = format!("#{under}/{field}");
                let named = errors.as_array().into_iter().flatten().any(|error| {
                    let there = error["pointer"].as_str().unwrap_or_default();
                    there == pointer || there.starts_with(&format!("{pointer}/"))
                });
                if named == fits {
                    wrong.push(format!(
                        "{schema}.{field}, fits {fits}: {}",
                        answer.text().chars().take(300).collect::<String>()
                    ));
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty() && tried > 120, "{tried} tried, wrong: {wrong:#?}");
}

/// Values at and beyond the limits of a field, and whether they fit.
fn cases(rule: &Value) -> Vec<(Value, bool)> {
    let mut cases = Vec::new();
    let plain = rule["pattern"].as_str().is_none_or(|pattern| pattern.ends_with(r"\x7F-\x9F]*$") || pattern == r"\S");
    if let Some(most) = rule["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
        cases.push((json!("x".repeat(most + 1)), false));
        if plain && rule["format"].is_null() && most < 2_048 {
            cases.push((json!("é".repeat(most)), true));
        }
    }
    if rule["minLength"] == 1 {
        cases.extend([(json!(""), false), (json!(" "), false)]);
    }
    if rule["pattern"].is_string() && !plain {
        cases.push((json!("not & this"), false));
    }
    for (limit, step) in [("minimum", -1), ("maximum", 1)] {
        if let Some(limit) = rule[limit].as_i64() {
            cases.extend([(json!(limit), true), (json!(limit + step), false)]);
        }
    }
    if let Some(most) = rule["maxItems"].as_u64() {
        cases.push((json!((0..=most).map(|_| "x").collect::<Vec<_>>()), false));
    }
    cases
}

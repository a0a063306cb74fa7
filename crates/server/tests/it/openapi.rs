//! The document of the API: kept in step, complete, and true of the routes.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

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

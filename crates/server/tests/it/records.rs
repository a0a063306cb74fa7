//! Customers, locations, drivers, vehicles, devices, zones: made, read, listed, changed, deleted.

use serde_json::{Value, json};

use crate::support::Api;

/// A polygon with these corners, longitude first; the ring is closed for them.
fn polygon(corners: &[[f64; 2]]) -> Value {
    let mut ring = corners.to_vec();
    ring.extend(corners.first());
    json!({ "type": "Polygon", "coordinates": [ring] })
}

#[tokio::test]
async fn each_book_makes_reads_lists_changes_and_deletes() {
    let api = Api::new().await;
    let books = [
        ("/v1/customers", json!({ "name": "Ana" }), json!({ "name": "Eva" })),
        ("/v1/locations", json!({ "name": "Hub", "location_type": "hub" }), json!({ "name": "Hub 2" })),
        ("/v1/drivers", json!({ "name": "Rui" }), json!({ "duty": "off_duty" })),
        ("/v1/couriers", json!({ "name": "Rui" }), json!({ "duty": "off_duty" })),
        ("/v1/vehicles", json!({ "vehicle_type": "van" }), json!({ "vehicle_type": "truck" })),
        ("/v1/devices", json!({ "identifier": "van-1" }), json!({ "name": "Van" })),
        (
            "/v1/zones",
            json!({ "name": "Circle", "geometry": { "type": "Point", "coordinates": [-8.6, 41.1] }, "radius_m": 100 }),
            json!({ "name": "Ring" }),
        ),
    ];
    for (path, new, change) in books {
        let made = api.make(path, new).await;
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(api.get(&one).send().await.ok(), made, "{path}");
        let listed = api.get(path).send().await.ok();
        assert!(listed["items"].as_array().unwrap().contains(&made), "{path}: {listed}");
        let changed = api.patch(&one).header("if-match", "\"1\"").json(&change).send().await.ok();
        assert_eq!(changed["version"], 2, "{path}");
        for (field, value) in change.as_object().unwrap() {
            assert_eq!(&changed[field], value, "{path}");
        }
        assert_eq!(api.delete(&one).send().await.status, 204, "{path}");
        api.get(&one).send().await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn lists_are_pages_with_cursors_and_links() {
    let api = Api::new().await;
    for number in 0..5 {
        api.make("/v1/customers", json!({ "name": format!("Customer {number}") })).await;
        api.engine.clock.advance(1);
    }
    let mut names = Vec::new();
    let mut path = "/v1/customers?q=customer&limit=2".to_owned();
    let mut pages = 0;
    loop {
        let answer = api.get(&path).send().await;
        let link = answer.header("link").to_owned();
        let page = answer.ok();
        pages += 1;
        names.extend(page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!((&page["has_more"], link.as_str()), (&json!(false), ""));
            break;
        };
        assert_eq!(page["has_more"], true);
        let other = api.get(&format!("/v1/customers?q=else&cursor={cursor}")).send().await;
        other.wrong_at(400, "malformed-request", "cursor", "same filter");
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(names, ["Customer 4", "Customer 3", "Customer 2", "Customer 1", "Customer 0"], "newest first");
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn drivers_devices_and_vehicles_are_found_by_their_ids_and_devices_by_their_drivers() {
    let api = Api::new().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let driver = api.make_id("/v1/drivers", json!({ "name": format!("Driver {number}") })).await;
        let vehicle = api.make_id("/v1/vehicles", json!({ "vehicle_type": "van" })).await;
        let device = json!({ "identifier": format!("van-{number}"), "driver_id": driver });
        ids.push([driver, vehicle, api.make_id("/v1/devices", device).await]);
    }
    let found = async |path: &str| {
        let listed = api.get(path).send().await.ok();
        let items = listed["items"].as_array().unwrap();
        let mut found: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        found.sort();
        found
    };
    for (place, book) in ["drivers", "vehicles", "devices"].into_iter().enumerate() {
        let (first, last) = (&ids[0][place], &ids[2][place]);
        let mut expected = vec![first.clone(), last.clone()];
        expected.sort();
        assert_eq!(found(&format!("/v1/{book}?id={first},{last}")).await, expected, "{book}");
        let many = vec![first.as_str(); 201].join(",");
        let answer = api.get(&format!("/v1/{book}?id={many}")).send().await;
        answer.wrong_at(400, "malformed-request", "id", "at most 200 ids, not 201");
    }
    let mut carried = vec![ids[1][2].clone(), ids[2][2].clone()];
    carried.sort();
    assert_eq!(found(&format!("/v1/devices?driver_id={},{}", ids[1][0], ids[2][0])).await, carried);
    assert_eq!(found(&format!("/v1/devices?id={}&state=online", ids[0][2])).await, Vec::<String>::new());
    assert_eq!(found(&format!("/v1/devices?id={}&state=unknown", ids[0][2])).await, [ids[0][2].clone()]);
}

#[tokio::test]
async fn the_rules_of_tracking_are_those_of_the_configuration() {
    let api = Api::new().await;
    let rules = api.get("/v1/tenant/tracking").send().await.ok();
    assert_eq!((&rules["tracking"]["offline_seconds"], &rules["trips"]["radius_m"]), (&json!(900), &json!(50.0)));
    assert_eq!((&rules["filter"]["mock"], &rules["alarms"]["quiet_seconds"]), (&json!(true), &json!(60)));
}

#[tokio::test]
async fn references_are_unique_and_must_lead_somewhere() {
    let api = Api::new().await;
    api.make("/v1/drivers", json!({ "name": "Rui", "reference": "D-1" })).await;
    let again = api.post("/v1/drivers").json(&json!({ "name": "Eva", "reference": "D-1" })).send().await;
    assert!(again.problem(409, "conflict")["detail"].as_str().unwrap().contains("reference"));
    let device = json!({ "identifier": "van-1", "driver_id": "drv_00000000000000000000000000" });
    api.post("/v1/devices").json(&device).send().await.wrong_at(422, "invalid-input", "#/driver_id", "");
    let device = json!({ "identifier": "van-1", "driver_id": "veh_00000000000000000000000000" });
    api.post("/v1/devices").json(&device).send().await.wrong_at(422, "invalid-input", "#/driver_id", "drv_");
    let (_, foreign) = api.foreigner().await;
    let theirs = api.post("/v1/drivers").by(&foreign).json(&json!({ "name": "Eva" })).send().await.id();
    let device = json!({ "identifier": "van-1", "driver_id": theirs });
    api.post("/v1/devices").json(&device).send().await.wrong_at(422, "invalid-input", "#/driver_id", "");
}

#[tokio::test]
async fn zones_that_cannot_be_drawn_are_refused() {
    let api = Api::new().await;
    let make = |geometry: Value, radius: Value| {
        api.post("/v1/zones").json(&json!({ "name": "Z", "geometry": geometry, "radius_m": radius })).send()
    };
    let square = polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
    assert_eq!(make(square.clone(), Value::Null).await.status, 201);
    let many = json!({ "type": "MultiPolygon", "coordinates": [square["coordinates"]] });
    assert_eq!(make(many, Value::Null).await.status, 201);
    for (geometry, radius) in [
        (polygon(&[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), Value::Null),
        (polygon(&[[179.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [179.0, 1.0]]), Value::Null),
        (polygon(&[[0.0, 0.0], [1.0, 0.0]]), Value::Null),
        (polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 91.0]]), Value::Null),
        (json!({ "type": "Point", "coordinates": [0.0, 0.0] }), Value::Null),
        (json!({ "type": "Point", "coordinates": [0.0, 0.0] }), json!(0)),
        (json!({ "type": "Point", "coordinates": [0.0, 91.0] }), json!(5)),
        (json!({ "type": "LineString", "coordinates": [[0.0, 0.0], [1.0, 1.0]] }), Value::Null),
        (json!("somewhere"), Value::Null),
    ] {
        let text = geometry.to_string();
        let answer = make(geometry, radius).await;
        assert_eq!(answer.status, 422, "{text}: {}", answer.text());
        answer.problem(422, "invalid-input");
    }
}

//! The systems before: each of their documents walked through, from the order to the door.

use reqwest::Method;
use serde_json::{Value, json};

use crate::wire::Wire;

async fn put(wire: &Wire, delivery: &str, token: &str, status: &str) -> (u16, Value) {
    wire.minute();
    let path = format!("/deliveries/{delivery}/status");
    wire.call(Method::PUT, &path, token, Some(&json!({ "status": status }))).await
}

#[tokio::test]
async fn delivertrack_from_creation_to_delivered() {
    let wire = Wire::new().await;
    let (customer, _) = wire.make("/v1/customers", json!({ "name": "Rui Costa" })).await;
    let (courier, _) = wire.make("/v1/couriers", json!({ "name": "Zacarias" })).await;
    let (other, _) = wire.make("/v1/couriers", json!({ "name": "Other" })).await;
    let (customer_key, courier_key) = (wire.customer_key(&customer).await, wire.driver_key(&courier).await);
    let other_key = wire.driver_key(&other).await;

    let new = json!({
        "reference": "D-1",
        "pickup_address": "Rua A 1, Porto",
        "pickup_location": { "lat": 41.15, "lng": -8.61 },
        "delivery_address": "Rua B 2, Matosinhos",
        "delivery_location": { "latitude": 41.18, "longitude": -8.69 },
        "notes": "Flowers",
        "weight": 1.5,
        "estimated_delivery": "2026-01-05T16:00:00Z",
    });
    let (status, made) = wire.post("/deliveries", &customer_key, &new).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("shp_"), "{id}");
    assert_eq!(
        (&made["status"], &made["customer_id"], &made["courier_id"]),
        (&json!("pending"), &json!(customer), &Value::Null)
    );
    assert_eq!(made["pickup_location"], json!({ "latitude": 41.15, "longitude": -8.61 }));
    assert_eq!(made["delivery_address"], "Rua B 2, Matosinhos");

    assert_eq!(wire.get(&format!("/deliveries/{id}"), &customer_key).await.1["reference"], "D-1");
    assert_eq!(wire.get("/deliveries/D-1", &customer_key).await.1["id"], id, "references are understood");
    assert_eq!(wire.get("/deliveries/D-2", &customer_key).await.0, 404);
    assert_eq!(wire.get(&format!("/deliveries/{id}"), &courier_key).await.0, 404, "not assigned yet");

    let mut live = wire.socket(&format!("/ws/track/{id}"), &customer_key).await;
    let current = live.next().await;
    assert_eq!((&current["type"], &current["delivery"]["status"]), (&json!("delivery.current"), &json!("pending")));

    let assigned = json!({ "status": "assigned", "courier_id": courier });
    let (status, now) =
        wire.call(Method::PUT, &format!("/deliveries/{id}/status"), wire.admin(), Some(&assigned)).await;
    assert_eq!((status, &now["status"], &now["courier_id"]), (200, &json!("assigned"), &json!(courier)), "{now}");
    assert_eq!(live.next_of("courier.assigned").await["courier_id"], Value::Null, "customers are not told who");
    assert_eq!(wire.get(&format!("/deliveries/{id}"), &customer_key).await.1["courier_id"], Value::Null);
    assert_eq!(wire.get(&format!("/deliveries/{id}"), &courier_key).await.0, 200);

    let (status, problem) = put(&wire, &id, &courier_key, "delivered").await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/illegal-transition")), "{problem}");
    assert!(problem["allowed"].as_array().unwrap().contains(&json!("picked_up")), "{problem}");
    let (status, problem) = put(&wire, &id, &courier_key, "gone").await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/status")));
    assert_eq!(put(&wire, &id, &other_key, "picked_up").await.0, 404, "another's delivery");
    assert_eq!(put(&wire, &id, &customer_key, "picked_up").await.0, 403);

    assert_eq!(put(&wire, &id, &courier_key, "picked_up").await.1["status"], "picked_up");
    let changed = live.next_of("status.changed").await;
    let changed = if changed["status"] == "assigned" { live.next_of("status.changed").await } else { changed };
    assert_eq!((&changed["previous_status"], &changed["status"]), (&json!("assigned"), &json!("picked_up")));

    // A courier without a device sends where they are, and is seen by whoever waits.
    let at = json!({ "latitude": 41.0, "longitude": -8.0, "speed": 5.0, "timestamp": wire.now() });
    let (status, answer) = wire.post("/locations", &courier_key, &at).await;
    assert_eq!((status, &answer["outcome"]), (202, &json!("accepted")), "{answer}");
    assert_eq!(wire.post("/locations", &courier_key, &at).await.1["outcome"], "duplicate");
    let moved = live.next_of("location.updated").await;
    assert_eq!((&moved["courier_id"], &moved["location"]["latitude"]), (&Value::Null, &json!(41.0)));
    assert_eq!(wire.get("/deliveries/D-1", &customer_key).await.1["courier_location"]["latitude"], 41.0);
    let foreign = json!({ "courier_id": courier, "latitude": 1, "longitude": 1 });
    assert_eq!(wire.post("/locations", &other_key, &foreign).await.0, 403);
    assert_eq!(wire.post("/locations", wire.admin(), &json!({ "latitude": 1, "longitude": 1 })).await.0, 422);
    let (status, problem) = wire.post("/locations", &courier_key, &json!({ "lat": 91, "lng": 1 })).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/latitude")));
    assert_eq!(wire.get(&format!("/osmand?id={courier}&lat=1&lon=1"), "").await.0, 400, "nobody else speaks for them");

    assert_eq!(put(&wire, &id, &courier_key, "failed").await.1["status"], "failed");
    assert_eq!(wire.get("/deliveries?status=failed", &customer_key).await.1["items"][0]["id"], id);
    assert_eq!(put(&wire, &id, &courier_key, "in_transit").await.1["status"], "in_transit");
    assert_eq!(put(&wire, &id, &courier_key, "completed").await.1["status"], "delivered");
    assert_eq!(live.next_of("delivery.completed").await["delivery_id"], id);

    let delivered = wire.get("/deliveries/D-1", &customer_key).await.1;
    assert!(delivered["delivered_at"].is_string() && delivered["courier_location"].is_null(), "{delivered}");
    for (query, count) in [("?status=delivered", 1), ("?status=completed", 1), ("?status=pending,assigned", 0), ("", 1)]
    {
        let (status, page) = wire.get(&format!("/deliveries{query}"), &customer_key).await;
        assert_eq!((status, page["items"].as_array().unwrap().len()), (200, count), "{query}");
    }
    assert_eq!(wire.get("/deliveries?status=gone", &customer_key).await.0, 400);
    assert_eq!(wire.get("/deliveries?state=pending", &customer_key).await.0, 400);
    wire.app.stop().await;
}

#[tokio::test]
async fn the_websocket_of_a_delivery_is_for_those_who_may_see_it() {
    let wire = Wire::new().await;
    let (customer, _) = wire.make("/v1/customers", json!({ "name": "Rui" })).await;
    let (stranger, _) = wire.make("/v1/customers", json!({ "name": "Ana" })).await;
    let (id, _) = wire.make("/deliveries", json!({ "reference": "D-1", "customer_id": customer })).await;
    let (own, foreign) = (wire.customer_key(&customer).await, wire.customer_key(&stranger).await);
    let tenant = wire.foreign_key().await;
    let path = format!("/ws/track/{id}");
    assert_eq!(wire.try_socket(&path, &[]).await.err(), Some(401));
    assert_eq!(wire.try_socket(&format!("{path}?token=nonsense"), &[]).await.err(), Some(401));
    for key in [&foreign, &tenant] {
        assert_eq!(wire.try_socket(&format!("{path}?token={key}"), &[]).await.err(), Some(404));
    }
    let mut live = wire.try_socket(&format!("/ws/track/D-1?token={own}"), &[]).await.expect("a connection");
    assert_eq!(live.next().await["delivery_id"], id);
    let (_, ticket) = wire.post("/v1/live/tickets", &own, &json!({})).await;
    let ticket = ticket["ticket"].as_str().unwrap();
    let mut live = wire.try_socket(&format!("{path}?ticket={ticket}"), &[]).await.expect("a connection");
    assert_eq!(live.next().await["delivery_id"], id);
    wire.app.stop().await;
}

#[tokio::test]
async fn order_tracking_from_order_to_door() {
    let wire = Wire::new().await;
    let (customer, _) = wire.make("/v1/customers", json!({ "name": "Rui Costa" })).await;
    let (near, _) = wire.make("/v1/drivers", json!({ "name": "Near" })).await;
    let (far, _) = wire.make("/v1/drivers", json!({ "name": "Far" })).await;
    wire.make("/v1/drivers", json!({ "name": "At home", "duty": "off_duty" })).await;
    let customer_key = wire.customer_key(&customer).await;
    let near_key = wire.driver_key(&near).await;

    let new = json!({
        "orderNumber": "O-1",
        "deliveryAddress": "Rua B 2",
        "deliveryLocation": { "latitude": 41.18, "longitude": -8.69 },
        "pickupAddress": "Rua A 1",
        "pickupLocation": { "latitude": 41.15, "longitude": -8.61 },
        "items": [{ "productName": "Flowers", "quantity": 2, "price": 9.5 }, { "name": "Card" }],
    });
    let (status, order) = wire.post("/api/orders", &customer_key, &new).await;
    assert_eq!(status, 201, "{order}");
    let id = order["id"].as_str().unwrap().to_owned();
    assert_eq!((&order["status"], &order["customerId"]), (&json!("placed"), &json!(customer)));
    let read = wire.get("/api/orders/O-1", &customer_key).await.1;
    assert_eq!(read, order);
    assert_eq!(read["items"][1], json!({ "name": "Card", "quantity": 1, "price": null, "productId": null }));

    // Nobody can be found before somebody says where they are.
    let assign = json!({ "orderId": "O-1" });
    assert_eq!(wire.post("/api/drivers/assign", wire.admin(), &assign).await.0, 409);
    let at = |lat: f64| json!({ "latitude": lat, "longitude": -8.0 });
    assert_eq!(wire.post(&format!("/api/drivers/{near}/location"), &near_key, &at(41.0)).await.0, 202);
    assert_eq!(wire.post(&format!("/api/drivers/{far}/location"), wire.admin(), &at(45.0)).await.0, 202);
    assert_eq!(wire.post(&format!("/api/drivers/{far}/location"), &near_key, &at(1.0)).await.0, 403);
    let (status, free) = wire.get("/api/drivers/available", wire.admin()).await;
    assert_eq!((status, free.as_array().unwrap().len()), (200, 2), "{free}");
    assert_eq!(wire.get("/api/drivers/available", &customer_key).await.0, 403);

    let (status, order) = wire.post("/api/drivers/assign", wire.admin(), &assign).await;
    assert_eq!((status, &order["driverId"], &order["status"]), (200, &json!(near), &json!("assigned")), "{order}");
    let tracking = wire.get(&format!("/api/orders/{id}/tracking"), &customer_key).await.1;
    assert_eq!(
        (&tracking["status"], &tracking["driverLocation"]),
        (&json!("assigned"), &Value::Null),
        "not on the way yet"
    );

    assert_eq!(put(&wire, &id, &near_key, "picked_up").await.0, 200);
    wire.minute();
    assert_eq!(wire.post(&format!("/api/drivers/{near}/location"), &near_key, &at(41.1)).await.0, 202);
    let tracking = wire.get("/api/tracking/O-1", &customer_key).await.1;
    assert_eq!(tracking["driverLocation"]["latitude"], 41.1, "{tracking}");
    assert_eq!(put(&wire, &id, &near_key, "delivered").await.0, 200);
    let tracking = wire.get("/api/tracking/O-1", &customer_key).await.1;
    assert_eq!((&tracking["status"], &tracking["driverLocation"]), (&json!("delivered"), &Value::Null));

    let history = wire.get(&format!("/api/history/{id}"), &customer_key).await.1;
    let steps: Vec<_> =
        history["history"].as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap()).collect();
    // The driver's position far from the pick-up says by itself that the order is on its way.
    assert_eq!(steps, ["placed", "assigned", "picked_up", "in_transit", "delivered"]);
    let foreign = wire.foreign_key().await;
    for path in ["/api/orders/", "/api/tracking/", "/api/history/"] {
        assert_eq!(wire.get(&format!("{path}{id}"), &foreign).await.0, 404, "{path}");
        assert_eq!(wire.get(&format!("{path}O-1"), &foreign).await.0, 404, "{path}");
    }
    wire.app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_in_their_words() {
    let wire = Wire::new().await;
    for (path, body, pointer) in [
        ("/deliveries", json!({ "customer": { "name": "" } }), "#/customer/name"),
        ("/deliveries", json!({ "courier_id": "drv_00000000000000000000000000" }), "#/courier_id"),
        ("/deliveries", json!({ "delivery_location": { "lat": 91, "lng": 0 } }), "#/delivery_location/latitude"),
        ("/deliveries", json!({ "weight": -1 }), "#/weight_kg"),
        ("/deliveries", json!({ "colour": "red" }), "#/colour"),
        ("/api/orders", json!({ "customerId": "cus_00000000000000000000000000" }), "#/customerId"),
        ("/api/orders", json!({ "items": [{ "quantity": 1 }] }), "#/items/0/name"),
        ("/api/drivers/assign", json!({}), "#/orderId"),
    ] {
        let (status, problem) = wire.post(path, wire.admin(), &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{path} {body}: {problem}");
    }
    wire.app.stop().await;
}

//! Live streams on real sockets.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracklane_core::model::Role;
use tracklane_server::ServerSettings;

use crate::support::{new_key, shipment};
use crate::wire::{Socket, Wire, unlimited};

async fn ids_until_ready(socket: &mut Socket) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let message = socket.next().await;
        match message["type"].as_str() {
            Some("event") => ids.push(message["id"].as_str().expect("an id").to_owned()),
            Some("ready") => return ids,
            _ => panic!("not expected: {message}"),
        }
    }
}

/// The ids of the whole log behind a place.
async fn log_after(wire: &Wire, after: &str) -> Vec<String> {
    let (_, page) = wire.get(&format!("/v1/events?limit=200&after={after}"), wire.admin()).await;
    page["items"].as_array().expect("items").iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_socket_resumes_without_loss() {
    let wire = Wire::new().await;
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    socket.subscribe(json!({ "all": true })).await;
    let ready = socket.next().await;
    let start = ready["id"].as_str().expect("a place to resume from").to_owned();
    let (id, _) = wire.make("/v1/shipments", shipment("R-1")).await;
    let created = socket.next_of("event").await;
    assert_eq!(created["event"]["type"], "shipment.created");
    assert_eq!(created["event"]["shipment_id"], id);
    let last = created["id"].as_str().unwrap().to_owned();
    drop(socket);

    wire.fact(&id, "picked_up").await;
    wire.fact(&id, "in_transit").await;
    wire.fact(&id, "delivered").await;
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    socket.subscribe(json!({ "all": true, "resume": last })).await;
    let missed = ids_until_ready(&mut socket).await;
    assert_eq!(missed, log_after(&wire, &last).await, "each event that was missed, once, in order");
    assert!(missed.len() >= 6);

    // A client that broke off before it heard anything has a place too.
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    socket.subscribe(json!({ "all": true, "resume": start })).await;
    assert_eq!(ids_until_ready(&mut socket).await, log_after(&wire, &start).await);
    wire.app.stop().await;
}

/// More than is written in one go: nothing is lost where one go ends and the next begins.
#[tokio::test]
async fn a_long_log_is_told_whole() {
    let wire = Wire::new().await;
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    socket.subscribe(json!({ "all": true })).await;
    let start = socket.next().await["id"].as_str().expect("a place to resume from").to_owned();
    drop(socket);
    for n in 0..90 {
        wire.make("/v1/shipments", shipment(&format!("L-{n}"))).await;
    }
    let written = log_after(&wire, &start).await;
    assert!(written.len() >= 90, "{}", written.len());
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    socket.subscribe(json!({ "all": true, "resume": start })).await;
    assert_eq!(ids_until_ready(&mut socket).await, written);
    wire.app.stop().await;
}

#[tokio::test]
async fn positions_conflate_and_carry_their_name() {
    let wire = Wire::new().await;
    wire.make("/v1/devices", json!({ "identifier": "van-1" })).await;
    let mut socket = wire.subscribed(wire.admin(), json!({ "all": true })).await;
    let start = wire.app.engine.env.now().as_second();
    let rows: Vec<Value> = (0..2_000)
        .map(|n| {
            let at = tracklane_core::Timestamp::from_second(start - 2_000 + n).unwrap().to_string();
            json!({ "device": "van-1", "fix_time": at, "lat": 41.0 + n as f64 / 1e4, "lon": -8.6 })
        })
        .collect();
    let newest = rows.last().unwrap()["fix_time"].clone();
    let (code, answer) = wire.post("/v1/positions/batch", wire.admin(), &Value::Array(rows)).await;
    assert_eq!((code, &answer["accepted"]), (200, &json!(2_000)));
    let mut heard = 0;
    let mut before = Value::Null;
    loop {
        let message = socket.next_of("position").await;
        assert_eq!(message["name"], "location.updated");
        let at = message["position"]["fix_time"].clone();
        assert!(before.as_str() < at.as_str(), "positions come in order");
        heard += 1;
        if at == newest {
            break;
        }
        before = at;
    }
    assert!(heard < 2_000, "{heard} positions were told one by one");
    wire.app.stop().await;
}

#[tokio::test]
async fn tenants_hear_nothing_of_each_other() {
    let wire = Wire::new().await;
    let foreign = wire.foreign_key().await;
    wire.make("/v1/devices", json!({ "identifier": "van-1" })).await;
    let mut ours = wire.subscribed(wire.admin(), json!({ "all": true })).await;
    let mut theirs = wire.subscribed(&foreign, json!({ "all": true })).await;
    let (id, _) = wire.make("/v1/shipments", shipment("R-1")).await;
    wire.position("van-1", 41.0, -8.0).await;
    assert_eq!(ours.next_of("event").await["event"]["shipment_id"], id);
    ours.next_of("position").await;
    theirs.is_quiet().await;
    // Naming things of others does not help.
    theirs.subscribe(json!({ "shipments": [id], "viewport": [-180, -90, 180, 90] })).await;
    wire.fact(&id, "picked_up").await;
    wire.position("van-1", 41.1, -8.0).await;
    theirs.is_quiet().await;
    wire.app.stop().await;
}

#[tokio::test]
async fn narrow_roles_hear_of_their_own() {
    let wire = Wire::new().await;
    let (driver, _) = wire.make("/v1/drivers", json!({ "name": "Driver A" })).await;
    let (other, _) = wire.make("/v1/drivers", json!({ "name": "Driver B" })).await;
    wire.make("/v1/devices", json!({ "identifier": "van-a", "driver_id": driver })).await;
    wire.make("/v1/devices", json!({ "identifier": "van-b", "driver_id": other })).await;
    let (customer, _) = wire.make("/v1/customers", json!({ "name": "Customer A" })).await;
    let mut of_driver = wire.subscribed(&wire.driver_key(&driver).await, json!({ "all": true })).await;
    let mut of_customer = wire.subscribed(&wire.customer_key(&customer).await, json!({ "all": true })).await;

    let mut foreign = shipment("R-B");
    foreign["driver_id"] = json!(other);
    wire.make("/v1/shipments", foreign).await;
    wire.position("van-b", 42.0, -8.0).await;
    of_driver.is_quiet().await;
    of_customer.is_quiet().await;

    let own = json!({ "reference": "R-A", "recipient_id": customer, "driver_id": driver });
    let (id, _) = wire.make("/v1/shipments", own).await;
    wire.position("van-a", 42.0, -8.0).await;
    assert_eq!(of_driver.next_of("event").await["event"]["shipment_id"], id);
    assert_eq!(of_customer.next_of("event").await["event"]["shipment_id"], id);
    assert_eq!(of_driver.next_of("position").await["position"]["driver_id"], driver);
    wire.fact(&id, "picked_up").await;
    // Both hear the same event; what the driver hears tells who they are, what the customer hears does not.
    for (socket, told) in [(&mut of_driver, true), (&mut of_customer, false)] {
        let mut heard = String::new();
        loop {
            let message = socket.next_of("event").await;
            heard.push_str(&message.to_string());
            if message["event"]["data"]["status"] == "picked_up" {
                break;
            }
        }
        assert_eq!(heard.contains(&driver), told, "{heard}");
    }
    wire.position("van-a", 42.0002, -8.0).await;
    let place = of_customer.next_of("position").await;
    assert_eq!((&place["position"]["driver_id"], &place["position"]["point"]["lat"]), (&Value::Null, &json!(42.0002)));

    let device = wire.get("/v1/devices", wire.admin()).await.1["items"][0]["id"].as_str().unwrap().to_owned();
    let mut key = new_key(Role::Device);
    key.device_id = Some(device.parse().unwrap());
    let bearer = format!("Bearer {}", wire.key(key).await);
    assert_eq!(wire.try_socket("/v1/live", &[("authorization", &bearer)]).await.err(), Some(403));
    wire.app.stop().await;
}

#[tokio::test]
async fn a_token_does_not_belong_into_an_address() {
    let wire = Wire::new().await;
    for path in ["/v1/live", "/v1/live/sse?all=true"] {
        let path = format!("{path}{}token={}", if path.contains('?') { '&' } else { '?' }, wire.admin());
        assert_eq!(wire.try_socket(&path, &[]).await.err(), Some(401), "{path}");
    }
    wire.app.stop().await;
}

#[tokio::test]
async fn a_revoked_key_closes_its_streams() {
    let wire = Wire::with(ServerSettings { live_check_seconds: 1, ..unlimited() }).await;
    let (status, made) = wire.post("/v1/api-keys", wire.admin(), &json!({ "name": "Short", "role": "viewer" })).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let mut socket = wire.subscribed(&secret, json!({ "all": true })).await;
    let mut events = wire.events("/v1/live/sse?all=true", &secret, None).await;
    events.next_of("ready").await;
    let path = format!("/v1/api-keys/{}", made["api_key"]["id"].as_str().unwrap());
    assert_eq!(wire.call(reqwest::Method::DELETE, &path, wire.admin(), None).await.0, 204);
    assert_eq!(socket.next().await["close"], 4401);
    assert!(events.next().await.is_none(), "the stream has ended");
    assert_eq!(wire.get("/v1/live/sse?all=true", &secret).await.0, 401);
    wire.app.stop().await;
}

#[tokio::test]
async fn bad_messages_are_told_and_close() {
    let wire = Wire::new().await;
    for (text, pointer) in [
        ("nonsense", "#"),
        (r#"{"type":"subscribe","shipment":[]}"#, "#/shipment"),
        (r#"{"type":"subscribe","events":["shipments.gone"]}"#, "#/events/0"),
        (r#"{"type":"subscribe","viewport":[0,95,1,99]}"#, "#/viewport/1"),
    ] {
        let mut socket = wire.socket("/v1/live", wire.admin()).await;
        socket.send(Message::text(text)).await;
        let error = socket.next().await;
        assert_eq!(error["type"], "error", "{error}");
        assert_eq!(error["errors"][0]["pointer"], pointer, "{error}");
        assert_eq!(socket.next().await["close"], 4400);
    }
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    socket.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.next().await["close"], 4400);
    let mut socket = wire.socket("/v1/live", wire.admin()).await;
    for _ in 0..61 {
        socket.subscribe(json!({})).await;
    }
    assert_eq!(socket.next_of("close").await["close"], 4429);
    wire.app.stop().await;
}

#[tokio::test]
async fn a_new_subscription_changes_what_is_heard() {
    let wire = Wire::new().await;
    let (first, _) = wire.make("/v1/shipments", shipment("R-1")).await;
    let (second, _) = wire.make("/v1/shipments", shipment("R-2")).await;
    let mut socket = wire.subscribed(wire.admin(), json!({ "shipments": [first], "events": ["status.changed"] })).await;
    wire.fact(&second, "picked_up").await;
    wire.fact(&first, "picked_up").await;
    let heard = socket.next().await;
    assert_eq!(
        (&heard["event"]["shipment_id"], &heard["event"]["type"]),
        (&json!(first), &json!("shipment.status_changed"))
    );
    socket.subscribe(json!({ "shipments": [second], "events": ["delivery.completed"] })).await;
    // Heard and answered in order, so the filter holds when this is answered.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    wire.fact(&first, "delivered").await;
    wire.fact(&second, "delivered").await;
    let heard = socket.next().await;
    assert_eq!(
        (&heard["event"]["shipment_id"], &heard["event"]["type"]),
        (&json!(second), &json!("shipment.delivered"))
    );
    socket.is_quiet().await;
    wire.app.stop().await;
}

#[tokio::test]
async fn browsers_come_with_a_cookie_of_ours_or_a_ticket() {
    let wire = Wire::new().await;
    let login = json!({ "email": tracklane_testkit::ADMIN_EMAIL, "password": tracklane_testkit::ADMIN_PASSWORD });
    let (status, session) = wire.post("/v1/login", "", &login).await;
    assert_eq!(status, 200, "{session}");
    let cookie = format!("tracklane_session={}", session["token"].as_str().unwrap());
    let origin = format!("http://{}", wire.app.address);
    assert_eq!(wire.try_socket("/v1/live", &[]).await.err(), Some(401));
    assert_eq!(wire.try_socket("/v1/live", &[("cookie", &cookie)]).await.err(), Some(403));
    let foreign = [("cookie", cookie.as_str()), ("origin", "http://evil.example")];
    assert_eq!(wire.try_socket("/v1/live", &foreign).await.err(), Some(403));
    assert!(wire.try_socket("/v1/live", &[("cookie", &cookie), ("origin", &origin)]).await.is_ok());

    let (status, ticket) = wire.post("/v1/live/tickets", wire.admin(), &json!({})).await;
    assert_eq!(status, 201, "{ticket}");
    let path = format!("/v1/live?ticket={}", ticket["ticket"].as_str().unwrap());
    assert!(wire.try_socket(&path, &[("origin", "http://elsewhere.example")]).await.is_ok());
    assert_eq!(wire.try_socket(&path, &[]).await.err(), Some(401), "a ticket works once");
    let (_, ticket) = wire.post("/v1/live/tickets", wire.admin(), &json!({})).await;
    wire.app.engine.clock.advance(31);
    let path = format!("/v1/live?ticket={}", ticket["ticket"].as_str().unwrap());
    assert_eq!(wire.try_socket(&path, &[]).await.err(), Some(401), "and not for long");
    assert_eq!(wire.get("/v1/live", wire.admin()).await.0, 400, "not every request is a handshake");
    wire.app.stop().await;
}

#[tokio::test]
async fn seats_are_limited_and_given_back() {
    let mut settings = unlimited();
    settings.limits.streams_per_tenant = 1;
    let wire = Wire::with(settings).await;
    let first = wire.subscribed(wire.admin(), json!({ "all": true })).await;
    let mut second = wire.socket("/v1/live", wire.admin()).await;
    assert_eq!(second.next().await["close"], 4429);
    let (status, problem) = wire.get("/v1/live/sse?all=true", wire.admin()).await;
    assert_eq!((status, &problem["violated-policies"]), (429, &json!(["streams"])));
    drop(first);
    let freed = async {
        loop {
            let mut again = wire.socket("/v1/live", wire.admin()).await;
            again.subscribe(json!({ "all": true })).await;
            if again.next().await["type"] == "ready" {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), freed).await.expect("the seat is free again");
    wire.app.stop().await;
}

#[tokio::test]
async fn whoever_closes_is_answered() {
    let wire = Wire::new().await;
    let mut socket = wire.subscribed(wire.admin(), json!({ "all": true })).await;
    let frame = CloseFrame { code: CloseCode::Normal, reason: "enough".into() };
    socket.send(Message::Close(Some(frame))).await;
    assert_eq!(socket.next_of("nothing").await["close"], 1000);
    wire.app.stop().await;
}

#[tokio::test]
async fn server_sent_events_resume_by_their_last_id() {
    let wire = Wire::new().await;
    wire.make("/v1/devices", json!({ "identifier": "van-1" })).await;
    let mut events = wire.events("/v1/live/sse?all=true", wire.admin(), None).await;
    let first = events.next().await.unwrap();
    assert!(first.retry.is_some() && first.id.is_some(), "{first:?}");
    let start = first.id.unwrap();
    events.next_of("ready").await;
    let (id, _) = wire.make("/v1/shipments", shipment("R-1")).await;
    let created = events.next_of("event").await;
    assert_eq!((&created.data["type"], &created.data["shipment_id"]), (&json!("shipment.created"), &json!(id)));
    wire.position("van-1", 41.0, -8.0).await;
    let position = events.next_of("position").await;
    assert_eq!((position.data["point"]["lat"].as_f64(), position.id), (Some(41.0), None));
    drop(events);

    wire.fact(&id, "picked_up").await;
    for (path, header) in [
        ("/v1/live/sse?all=true".to_owned(), Some(start.as_str())),
        (format!("/v1/live/sse?all=true&resume={start}"), None),
    ] {
        let mut events = wire.events(&path, wire.admin(), header).await;
        let mut ids = Vec::new();
        loop {
            let event = events.next().await.unwrap();
            match event.name.as_str() {
                "event" => ids.push(event.id.unwrap()),
                "ready" => break,
                _ => {}
            }
        }
        assert_eq!(ids, log_after(&wire, &start).await);
    }
    for (query, place) in [
        ("", "all"),
        ("?everything=true", "everything"),
        ("?all=true&viewport=1,2,3", "viewport"),
        ("?shipments=drv_1", "shipments"),
        ("?all=true&resume=yesterday", "resume"),
    ] {
        let (status, problem) = wire.get(&format!("/v1/live/sse{query}"), wire.admin()).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!(place)), "{query}: {problem}");
    }
    assert_eq!(wire.get("/v1/live/sse?all=true&events=gone", wire.admin()).await.0, 422);
    wire.app.stop().await;
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let wire = Wire::new().await;
    let mut socket = wire.subscribed(wire.admin(), json!({ "all": true })).await;
    let mut events = wire.events("/v1/live/sse?all=true", wire.admin(), None).await;
    events.next_of("ready").await;
    let listen = tokio::spawn(async move { (socket.next().await, events.next().await.is_none()) });
    let begun = std::time::Instant::now();
    wire.app.stop().await;
    let (close, ended) = listen.await.unwrap();
    assert_eq!((close["close"].as_u64(), ended), (Some(1001), true));
    assert!(begun.elapsed().as_secs() < 8, "stopping took {:?}", begun.elapsed());
}

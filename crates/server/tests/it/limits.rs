//! How often is too often.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use serde_json::json;
use tracklane_core::model::Role;
use tracklane_server::ServerSettings;
use tracklane_server::limits::LimitSettings;

use crate::support::{Api, new_key, shipment};

async fn limited(limits: LimitSettings) -> Api {
    Api::with(ServerSettings { limits, ..ServerSettings::default() }).await
}

#[tokio::test]
async fn requests_of_a_key_are_counted() {
    let api = limited(LimitSettings { requests_per_minute: 2, ..LimitSettings::default() }).await;
    let first = api.get("/v1/me").send().await;
    assert_eq!(first.header("ratelimit-policy"), "\"requests\";q=2;w=60");
    assert_eq!(first.header("ratelimit"), "\"requests\";r=1;t=30");
    assert_eq!(api.get("/v1/me").send().await.status, 200);
    let third = api.get("/v1/me").send().await;
    assert_eq!((third.header("retry-after"), third.header("ratelimit")), ("30", "\"requests\";r=0;t=30"));
    assert_eq!(third.problem(429, "quota-exceeded")["violated-policies"], json!(["requests"]));
    api.engine.clock.advance(30);
    assert_eq!(api.get("/v1/me").send().await.status, 200);
    let mut key = new_key(Role::Viewer);
    key.requests_per_minute = Some(1);
    let own = api.key(key).await;
    assert_eq!(api.get("/v1/me").by(&own).send().await.header("ratelimit-policy"), "\"requests\";q=1;w=60");
}

#[tokio::test]
async fn a_customer_creates_ten_shipments_an_hour() {
    let api = limited(LimitSettings { requests_per_minute: 0, ..LimitSettings::default() }).await;
    let customer = api.make_id("/v1/customers", json!({ "name": "Ana" })).await;
    let mut key = new_key(Role::Customer);
    key.customer_id = Some(customer.parse().unwrap());
    let key = api.key(key).await;
    let create = |number: usize| {
        let mut body = shipment(&format!("R-{number}"));
        body.as_object_mut().unwrap().remove("sender");
        let call = api.post("/v1/shipments").by(&key).json(&body);
        async move { call.send().await }
    };
    for number in 0..10 {
        let answer = create(number).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let eleventh = create(10).await;
    assert_eq!(eleventh.problem(429, "quota-exceeded")["violated-policies"], json!(["shipments"]));
    let admin = api.post("/v1/shipments").json(&shipment("R-11")).send().await;
    assert_eq!(admin.status, 201, "the limit is the customer's alone");
    api.engine.clock.advance(360);
    assert_eq!(create(12).await.status, 201);
}

#[tokio::test]
async fn single_positions_are_limited_per_device() {
    let api = limited(LimitSettings { requests_per_minute: 0, ..LimitSettings::default() }).await;
    api.make("/v1/devices", json!({ "identifier": "van-1" })).await;
    api.make("/v1/devices", json!({ "identifier": "van-2" })).await;
    let send = |device: &'static str, second: u32| {
        let time = format!("2026-01-05T07:59:{second:02}Z");
        api.post("/v1/positions").json(&json!({ "device": device, "fix_time": time, "lat": 41.1, "lon": -8.6 })).send()
    };
    assert_eq!(send("van-1", 1).await.status, 202);
    assert_eq!(send("van-1", 2).await.status, 202, "one second may be caught up");
    let third = send("van-1", 3).await;
    assert_eq!(third.header("retry-after"), "1");
    third.problem(429, "quota-exceeded");
    assert_eq!(send("van-2", 3).await.status, 202, "another device has its own allowance");
    api.engine.clock.advance(1);
    assert_eq!(send("van-1", 3).await.status, 202);
}

#[tokio::test]
async fn nobody_uses_up_the_allowance_of_a_device_that_is_not_theirs() {
    let api = limited(LimitSettings { requests_per_minute: 0, ..LimitSettings::default() }).await;
    let van = api.make_id("/v1/devices", json!({ "identifier": "van-1" })).await;
    let other = api.make_id("/v1/devices", json!({ "identifier": "van-2" })).await;
    let (_, foreign) = api.foreigner().await;
    let mut key = new_key(Role::Device);
    key.device_id = Some(other.parse().unwrap());
    let colleague = api.key(key).await;
    let send = |key: &str, device: &str| {
        let position = json!({ "device": device, "fix_time": "2026-01-05T07:59:00Z", "lat": 41.1, "lon": -8.6 });
        api.post("/v1/positions").by(key).json(&position).send()
    };
    for _ in 0..3 {
        for (key, device) in [(&foreign, "van-1"), (&foreign, &van), (&foreign, "nobody"), (&colleague, "van-1")] {
            let refused = send(key, device).await;
            assert_eq!(refused.header("ratelimit"), "", "nothing tells whether {device} exists");
            refused.wrong_at(422, "invalid-input", "#/device", "no such device");
        }
    }
    assert_eq!(send(&api.admin, "van-1").await.status, 202);
    assert_eq!(send(&api.admin, &van).await.status, 202);
    send(&api.admin, "van-1").await.problem(429, "quota-exceeded");
}

#[tokio::test]
async fn logins_are_limited_per_address() {
    let api = limited(LimitSettings { logins_per_minute: 3, ..LimitSettings::default() }).await;
    let login = |host: u8| {
        let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, host], 4711)));
        let body = json!({ "email": "nobody@example.com", "password": "wrong password" });
        api.post("/v1/login").anonymous().extension(peer).json(&body).send()
    };
    for _ in 0..3 {
        login(1).await.problem(401, "unauthenticated");
    }
    login(1).await.problem(429, "quota-exceeded");
    login(2).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn all_addresses_of_a_subscriber_share_an_allowance() {
    let api = limited(LimitSettings { public_requests_per_minute: 2, ..LimitSettings::default() }).await;
    let visit = |address: &str| {
        let peer = ConnectInfo(SocketAddr::new(address.parse().unwrap(), 4711));
        api.get("/t/nothing/data").anonymous().extension(peer).send()
    };
    visit("2001:db8::1").await.problem(404, "not-found");
    visit("2001:db8::2").await.problem(404, "not-found");
    visit("2001:db8::3").await.problem(429, "quota-exceeded");
    visit("2001:db8:0:1::1").await.problem(404, "not-found");
}

//! Logging in, and every way to say who one is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tracklane_core::model::Role;
use tracklane_testkit::{ADMIN_EMAIL, ADMIN_PASSWORD};

use crate::support::{Answer, Api, new_key};

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.post("/v1/login").anonymous().json(&json!({ "email": email, "password": password })).send().await
}

#[tokio::test]
async fn a_login_gives_a_token_and_a_cookie() {
    let api = Api::new().await;
    let answer = login(&api, &ADMIN_EMAIL.to_uppercase(), ADMIN_PASSWORD).await;
    let cookie = answer.header("set-cookie").to_owned();
    let body = answer.ok();
    let token = body["token"].as_str().unwrap();
    assert_eq!(body["user"]["email"], ADMIN_EMAIL);
    assert!(body["expires_at"].as_str().unwrap().starts_with("2026-01-06T08:00:00"), "{body}");
    assert!(cookie.starts_with(&format!("tracklane_session={token}; ")), "{cookie}");
    for word in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=86400"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let me = api.get("/v1/me").by(token).send().await.ok();
    assert_eq!((&me["role"], &me["user"]["email"]), (&json!("admin"), &json!(ADMIN_EMAIL)));
    assert!(me["permissions"].as_array().unwrap().contains(&json!("users:write")));

    // A minute is allowed for clocks that differ.
    api.engine.clock.advance(86_400 + 61);
    api.get("/v1/me").by(token).send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn wrong_credentials_are_refused_without_saying_which() {
    let api = Api::new().await;
    let known = login(&api, ADMIN_EMAIL, "wrong password").await.problem(401, "unauthenticated");
    let unknown = login(&api, "nobody@example.com", "wrong password").await.problem(401, "unauthenticated");
    assert_eq!(known["detail"], unknown["detail"]);
    for token in ["x", "tlk_", "tlk_0_0", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let answer = api.get("/v1/me").by(token).send().await;
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"tracklane\"");
        answer.problem(401, "unauthenticated");
    }
    api.get("/v1/me").header("authorization", "Digest x").send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_cookie_reads_from_anywhere_and_writes_from_our_pages_alone() {
    let api = Api::new().await;
    let body = login(&api, ADMIN_EMAIL, ADMIN_PASSWORD).await.ok();
    let cookie = format!("tracklane_session={}", body["token"].as_str().unwrap());
    assert_eq!(api.get("/v1/me").anonymous().header("cookie", &cookie).send().await.status, 200);
    let write = || {
        let call = api.post("/v1/vehicles").anonymous().header("cookie", &cookie).header("host", "track.test");
        call.json(&json!({ "vehicle_type": "van" }))
    };
    write().send().await.problem(403, "forbidden");
    write().header("sec-fetch-site", "cross-site").send().await.problem(403, "forbidden");
    write().header("origin", "https://evil.test").send().await.problem(403, "forbidden");
    assert_eq!(write().header("sec-fetch-site", "same-origin").send().await.status, 201);
    assert_eq!(write().header("origin", "https://track.test").send().await.status, 201);
    let logout = || api.post("/v1/logout").anonymous().header("cookie", &cookie);
    assert!(logout().header("sec-fetch-site", "cross-site").send().await.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(api.get("/v1/me").anonymous().header("cookie", &cookie).send().await.status, 200);
    assert_eq!(logout().header("sec-fetch-site", "same-origin").send().await.status, 204);
    assert_eq!(api.get("/v1/me").anonymous().header("cookie", &cookie).send().await.status, 401);
}

#[tokio::test]
async fn basic_takes_an_api_key_or_the_credential_of_a_device() {
    let api = Api::new().await;
    let basic = |user: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let call = api.get("/v1/me").header("authorization", &basic("", &api.admin));
    assert_eq!(call.send().await.ok()["role"], "admin");

    let device = api.make_id("/v1/devices", json!({ "identifier": "van-1" })).await;
    let position = json!({ "fix_time": "2026-01-05T07:59:00Z", "lat": 41.1, "lon": -8.6 });
    let send =
        |password: &str| api.post("/v1/positions").header("authorization", &basic("van-1", password)).json(&position);
    send("anything").send().await.problem(401, "unauthenticated");
    let given = api.post(&format!("/v1/devices/{device}/credential")).send().await.ok();
    let credential = given["credential"].as_str().unwrap().to_owned();
    send("wrong").send().await.problem(401, "unauthenticated");
    let answer = send(&credential).send().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(api.delete(&format!("/v1/devices/{device}/credential")).send().await.status, 204);
    send(&credential).send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn keys_are_narrowed_by_scopes_and_end_when_revoked() {
    let api = Api::new().await;
    let key = json!({ "name": "reader", "role": "operator", "scopes": ["shipments:read"] });
    let made = api.make("/v1/api-keys", key).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    let id = made["api_key"]["id"].as_str().unwrap().to_owned();
    assert_eq!(api.get("/v1/shipments").by(&secret).send().await.status, 200);
    let body = api.get("/v1/customers").by(&secret).send().await.problem(403, "forbidden");
    assert_eq!(body["permission"], "customers:read");
    let me = api.get("/v1/me").by(&secret).send().await.ok();
    assert_eq!(me["permissions"], json!(["shipments:read"]));
    let listed = api.get("/v1/api-keys").send().await.ok();
    assert!(!listed.to_string().contains(&secret), "a secret is shown once");

    let wrong = json!({ "name": "x", "role": "operator", "scopes": ["shipment:read"] });
    let answer = api.post("/v1/api-keys").json(&wrong).send().await;
    answer.wrong_at(422, "invalid-input", "#/scopes/0", "shipments");
    assert_eq!(api.delete(&format!("/v1/api-keys/{id}")).send().await.status, 204);
    api.get("/v1/shipments").by(&secret).send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let api = Api::new().await;
    let user = json!({ "email": "op@example.com", "name": "Op", "role": "operator", "password": "a long password" });
    let id = api.make_id("/v1/users", user).await;
    let token = login(&api, "op@example.com", "a long password").await.ok()["token"].as_str().unwrap().to_owned();
    assert_eq!(api.get("/v1/shipments").by(&token).send().await.status, 200);
    let disable = api.patch(&format!("/v1/users/{id}")).header("if-match", "*").json(&json!({ "disabled": true }));
    assert_eq!(disable.send().await.status, 200);
    api.get("/v1/shipments").by(&token).send().await.problem(401, "unauthenticated");
    login(&api, "op@example.com", "a long password").await.problem(401, "unauthenticated");
    assert!(!api.get("/v1/users").send().await.text().contains("password"));
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let api = Api::new().await;
    let token = login(&api, ADMIN_EMAIL, ADMIN_PASSWORD).await.ok()["token"].as_str().unwrap().to_owned();
    let change = |present: &str, new: &str| {
        api.post("/v1/me/password").by(&token).json(&json!({ "present_password": present, "new_password": new })).send()
    };
    change("wrong password", "another long password").await.problem(422, "invalid-input");
    change(ADMIN_PASSWORD, "short").await.problem(422, "invalid-input");
    assert_eq!(change(ADMIN_PASSWORD, "another long password").await.status, 204);
    api.get("/v1/me").by(&token).send().await.problem(401, "unauthenticated");
    login(&api, ADMIN_EMAIL, ADMIN_PASSWORD).await.problem(401, "unauthenticated");
    assert_eq!(login(&api, ADMIN_EMAIL, "another long password").await.status, 200);
    let by_key =
        api.post("/v1/me/password").json(&json!({ "present_password": "x", "new_password": "another long password" }));
    by_key.send().await.problem(403, "forbidden");
}

#[tokio::test]
async fn only_the_first_tenant_runs_the_installation() {
    let api = Api::new().await;
    let (tenant, foreign) = api.foreigner().await;
    let own = api.get("/v1/tenants").send().await.ok();
    assert_eq!(own["items"].as_array().map(Vec::len), Some(2));
    api.get("/v1/tenants").by(&foreign).send().await.problem(403, "forbidden");
    let new = json!({ "name": "Third", "slug": "third" });
    api.post("/v1/tenants").by(&foreign).json(&new).send().await.problem(403, "forbidden");
    assert_eq!(api.post("/v1/tenants").json(&new).send().await.status, 201);
    let mine = api.get("/v1/tenant").by(&foreign).send().await.ok();
    assert_eq!(mine["id"], json!(tenant.id));
    let viewer = api.key(new_key(Role::Viewer)).await;
    api.get("/v1/tenants").by(&viewer).send().await.problem(403, "forbidden");
}

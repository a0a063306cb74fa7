//! Every route of the document, called by nobody, by every role, by a key that lacks just the scope, and by a foreign
//! tenant.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use tracklane_core::model::Role;
use tracklane_engine::access::{RESOURCES, Verb};
use tracklane_server::permissions::{Row, TABLE};

use crate::support::{Answer, Api, Call, new_key, shipment};

/// One operation of the document.
struct Operation {
    method: Method,
    path: String,
    /// The permission it names; none when anybody known may call it.
    permission: Option<&'static Row>,
    open: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(tracklane_server::openapi::text()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array().unwrap();
            let open = security.iter().any(|requirement| requirement.as_object().unwrap().is_empty());
            let name = security.iter().find_map(|requirement| requirement["bearer"][0].as_str());
            let permission = name.map(|name| TABLE.iter().find(|row| row.name == name).unwrap());
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                permission,
                open,
            });
        }
    }
    assert!(operations.len() > 70, "the document has {} operations", operations.len());
    operations
}

/// A tenant with one of everything: the ids by the name they have in paths.
struct Furnished {
    api: Api,
    ids: BTreeMap<&'static str, String>,
    driver_key: String,
    customer_key: String,
    device_key: String,
}

async fn furnish() -> Furnished {
    let api = Api::new().await;
    let driver = api.make_id("/v1/drivers", json!({ "name": "Driver A" })).await;
    let customer = api.make_id("/v1/customers", json!({ "name": "Customer A" })).await;
    let vehicle = api.make_id("/v1/vehicles", json!({ "vehicle_type": "van" })).await;
    let device = api.make_id("/v1/devices", json!({ "identifier": "van-a", "driver_id": driver })).await;
    let location = api.make_id("/v1/locations", json!({ "name": "Hub A" })).await;
    let zone =
        json!({ "name": "Zone A", "geometry": { "type": "Point", "coordinates": [-8.6, 41.1] }, "radius_m": 100 });
    let zone = api.make_id("/v1/zones", zone).await;
    let mut body = shipment("R-A");
    body["driver_id"] = json!(driver);
    let made = api.make("/v1/shipments", body).await;
    let shipment = made["shipment"]["id"].as_str().unwrap().to_owned();
    let link = api.make(&format!("/v1/shipments/{shipment}/links"), json!({})).await;
    let endpoint = api.make_id("/v1/endpoints", json!({ "url": "http://127.0.0.1:9/hook" })).await;
    let message = api.make_id(&format!("/v1/endpoints/{endpoint}/test"), json!({})).await;
    let user = json!({ "email": "a@example.com", "name": "User A", "role": "viewer", "password": "a long password" });
    let user = api.make_id("/v1/users", user).await;
    let key = api.make("/v1/api-keys", json!({ "name": "Key A", "role": "viewer" })).await;
    let position = json!({ "device": "van-a", "fix_time": "2026-01-05T07:59:00Z", "lat": 41.1, "lon": -8.6 });
    assert_eq!(api.post("/v1/positions").json(&position).send().await.status, 202);

    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let ids = BTreeMap::from([
        ("package_id", text(&made["packages"][0]["id"])),
        ("leg_id", text(&made["legs"][0]["id"])),
        ("link_id", text(&link["link"]["id"])),
        ("token", text(&link["token"])),
        ("customers", customer.clone()),
        ("locations", location),
        ("drivers", driver.clone()),
        ("vehicles", vehicle),
        ("devices", device.clone()),
        ("zones", zone),
        ("shipments", shipment),
        ("endpoints", endpoint),
        ("messages", message),
        ("users", user),
        ("api-keys", text(&key["api_key"]["id"])),
    ]);
    let mut driver_key = new_key(Role::Driver);
    driver_key.driver_id = Some(driver.parse().unwrap());
    let mut customer_key = new_key(Role::Customer);
    customer_key.customer_id = Some(customer.parse().unwrap());
    let mut device_key = new_key(Role::Device);
    device_key.device_id = Some(device.parse().unwrap());
    Furnished {
        driver_key: api.key(driver_key).await,
        customer_key: api.key(customer_key).await,
        device_key: api.key(device_key).await,
        api,
        ids,
    }
}

impl Furnished {
    async fn key(&self, role: Role) -> String {
        match role {
            Role::Driver => self.driver_key.clone(),
            Role::Customer => self.customer_key.clone(),
            Role::Device => self.device_key.clone(),
            other => self.api.key(new_key(other)).await,
        }
    }

    /// The path of an operation with ids of this tenant.
    fn path(&self, operation: &Operation) -> String {
        let mut path = operation.path.clone();
        // What stands before an id says whose it is; the systems before have words of their own for a shipment.
        let before = path.split("/{id}").next().and_then(|start| start.rsplit('/').next()).unwrap_or_default();
        let shipments = ["deliveries", "orders", "tracking", "history", "track"].contains(&before);
        if let Some(id) = self.ids.get(if shipments { "shipments" } else { before }) {
            path = path.replace("{id}", id);
        }
        for (name, id) in &self.ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        assert!(!path.contains('{'), "no id for {path}");
        path
    }

    fn call(&self, operation: &Operation) -> Call<'_> {
        self.api.call(operation.method.clone(), &self.path(operation))
    }
}

/// True when the answer says that a permission is missing.
fn lacks_permission(answer: &Answer) -> bool {
    answer.status == 403 && answer.json()["permission"].is_string()
}

#[tokio::test]
async fn nobody_gets_in_without_credentials() {
    let furnished = furnish().await;
    for operation in operations() {
        let answer = furnished.call(&operation).anonymous().send().await;
        let (method, path) = (&operation.method, &operation.path);
        if operation.open {
            assert_ne!(answer.status, 401, "{method} {path}");
        } else {
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
            answer.problem(401, "unauthenticated");
        }
    }
}

/// The bodies are missing, so that nothing is changed: a role that may call a route gets another refusal, or an answer.
#[tokio::test]
async fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let furnished = furnish().await;
    for role in Role::ALL {
        let key = furnished.key(role).await;
        for operation in operations().iter().filter(|operation| operation.method != Method::DELETE) {
            let answer = furnished.call(operation).by(&key).send().await;
            let (method, path) = (&operation.method, &operation.path);
            let may = operation.permission.is_none_or(|row| row.roles.contains(&role)) || operation.open;
            assert_ne!(answer.status, 401, "{role:?} {method} {path}: {}", answer.text());
            assert_eq!(
                lacks_permission(&answer),
                !may,
                "{role:?} {method} {path}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(!answer.status.is_server_error(), "{role:?} {method} {path}: {}", answer.text());
        }
    }
    // Deleting changes something, so those who may do it come last, the whole before its parts never.
    for role in [Role::Device, Role::Customer, Role::Driver, Role::Viewer, Role::Operator, Role::Admin] {
        let key = furnished.key(role).await;
        for operation in operations().iter().filter(|operation| operation.method == Method::DELETE) {
            let answer = furnished.call(operation).by(&key).send().await;
            let may = operation.permission.is_some_and(|row| row.roles.contains(&role));
            assert_eq!(lacks_permission(&answer), !may, "{role:?} DELETE {}: {}", operation.path, answer.text());
        }
    }
}

/// The permission that a route asks for is the one that it documents: a key with every other scope is refused.
#[tokio::test]
async fn a_key_needs_the_scope_of_the_permission() {
    let furnished = furnish().await;
    let every = || RESOURCES.iter().flat_map(|resource| [(*resource, Verb::Read), (*resource, Verb::Write)]);
    for operation in operations() {
        let Some(row) = operation.permission else { continue };
        if operation.open {
            continue;
        }
        let mut key = new_key(Role::Admin);
        let others = every().filter(|scope| *scope != row.scope);
        key.scopes = others.map(|(resource, verb)| format!("{resource}:{}", verb.as_str())).collect();
        let key = furnished.api.key(key).await;
        let answer = furnished.call(&operation).by(&key).send().await;
        let (method, path) = (&operation.method, &operation.path);
        assert!(
            lacks_permission(&answer),
            "{method} {path} without {:?}: {} {}",
            row.scope,
            answer.status,
            answer.text()
        );
        assert_eq!(answer.json()["permission"], row.name, "{method} {path}");
    }
}

/// Bodies that would be fine for the tenant itself.
fn body(operation: &Operation) -> Value {
    match (operation.method.as_str(), operation.path.rsplit('/').next().unwrap_or_default()) {
        ("PATCH", _) => json!({}),
        (_, "status") => json!({ "status": "in_transit" }),
        (_, "events") => json!({ "status": "picked_up" }),
        (_, "corrections") => json!({ "status": "exception", "reason_text": "x" }),
        (_, "retractions") => json!({ "event_id": "tev_00000000000000000000000000", "reason_text": "x" }),
        (_, "assign") => json!({ "driver_id": "drv_00000000000000000000000000" }),
        (_, "legs") => json!({ "mode": "fleet" }),
        (_, "replay") => json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z" }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn a_foreign_admin_sees_and_changes_nothing() {
    let furnished = furnish().await;
    let (_, foreign) = furnished.api.foreigner().await;
    // What needs no credentials shows the same to everybody, if they have the link.
    for operation in operations().into_iter().filter(|operation| !operation.open) {
        let (method, path) = (&operation.method, &operation.path);
        let mut call = furnished.call(&operation).by(&foreign).header("if-match", "*");
        if [Method::POST, Method::PUT, Method::PATCH].contains(method) {
            call = call.json(&body(&operation));
        }
        let answer = call.send().await;
        let text = answer.text();
        for id in furnished.ids.values() {
            // The path itself, in a problem's words, is no news to the caller.
            assert!(!text.contains(id.as_str()), "{method} {path} tells of {id}: {text}");
        }
        for word in ["van-a", "Customer A", "Driver A", "Hub A", "Zone A", "R-A", "Key A", "User A"] {
            assert!(!text.contains(word), "{method} {path} tells of {word}: {text}");
        }
        if path.contains('{') {
            let refused = [400, 403, 404, 422].contains(&answer.status.as_u16());
            assert!(refused, "{method} {path}: {} {text}", answer.status);
        }
        assert!(!answer.status.is_server_error(), "{method} {path}: {text}");
    }
    // Everything is still there, unchanged.
    for (resource, id) in furnished.ids.iter().filter(|(name, _)| !name.ends_with("_id") && **name != "token") {
        let answer = furnished.api.get(&format!("/v1/{resource}/{id}")).send().await;
        assert_eq!(answer.status, 200, "{resource}: {}", answer.text());
    }
}

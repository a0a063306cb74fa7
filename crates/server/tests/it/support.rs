//! A server without a socket, callers of every role, and requests that read well.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use tracklane_core::model::{Caller, Role, Tenant};
use tracklane_engine::access::NewApiKey;
use tracklane_engine::records::NewTenant;
use tracklane_server::limits::LimitSettings;
use tracklane_server::{AppState, ServerSettings, app};
use tracklane_testkit::TestEngine;

/// A server with one tenant.
pub struct Api {
    pub engine: TestEngine,
    pub router: Router,
    /// An API key of the tenant's admin.
    pub admin: String,
}

impl Api {
    /// Without limits.
    pub async fn new() -> Self {
        let limits = LimitSettings {
            requests_per_minute: 0,
            positions_per_second: 0,
            customer_shipments_per_hour: 0,
            logins_per_minute: 0,
            public_requests_per_minute: 0,
            streams_per_tenant: 0,
            public_streams_per_address: 0,
        };
        Self::with(ServerSettings { limits, ..ServerSettings::default() }).await
    }

    pub async fn with(settings: ServerSettings) -> Self {
        Self::on(TestEngine::new().await, settings).await
    }

    pub async fn on(engine: TestEngine, settings: ServerSettings) -> Self {
        let router = app(AppState::new(engine.engine.clone(), engine.env.clone(), settings));
        let mut api = Self { engine, router, admin: String::new() };
        api.admin = api.key(new_key(Role::Admin)).await;
        api
    }

    /// A key of the first tenant.
    pub async fn key(&self, key: NewApiKey) -> String {
        self.key_of(&self.engine.caller, key).await
    }

    async fn key_of(&self, caller: &Caller, key: NewApiKey) -> String {
        self.engine.engine.access.create_api_key(caller, key).await.expect("a key can be made").secret
    }

    /// Another tenant, made later, with a key of its admin.
    pub async fn foreigner(&self) -> (Tenant, String) {
        self.engine.clock.advance(1);
        let new =
            NewTenant { name: "Elsewhere".to_owned(), slug: "elsewhere".to_owned(), settings: Default::default() };
        let tenant =
            self.engine.engine.records.tenants.create(&self.engine.caller, new).await.expect("a tenant can be made");
        let key = self.key_of(&Caller::system(tenant.id), new_key(Role::Admin)).await;
        (tenant, key)
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }
    pub fn patch(&self, path: &str) -> Call<'_> {
        self.call(Method::PATCH, path)
    }
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// A call by the admin; [`Call::by`] and [`Call::anonymous`] change that.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a valid request");
        Call { api: self, request }.by(&self.admin)
    }

    /// Makes something as the admin, and answers it.
    pub async fn make(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path).json(&body).send().await;
        assert_eq!(answer.status, StatusCode::CREATED, "{path}: {}", answer.text());
        answer.json()
    }

    /// The id of something just made.
    pub async fn make_id(&self, path: &str, body: Value) -> String {
        let made = self.make(path, body).await;
        let id = made["id"].as_str().or_else(|| made["shipment"]["id"].as_str());
        id.expect("what is made has an id").to_owned()
    }
}

/// A key with this role and nothing else.
pub fn new_key(role: Role) -> NewApiKey {
    NewApiKey {
        name: "Test".to_owned(),
        role,
        scopes: Vec::new(),
        driver_id: None,
        customer_id: None,
        device_id: None,
        requests_per_minute: None,
        expires_at: None,
    }
}

/// A request on its way.
pub struct Call<'a> {
    api: &'a Api,
    request: Request<Body>,
}

impl Call<'_> {
    pub fn by(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
    pub fn anonymous(mut self) -> Self {
        self.request.headers_mut().remove(AUTHORIZATION);
        self
    }
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.request.headers_mut().insert(name, value.parse().expect("a header value"));
        self
    }
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.request.extensions_mut().insert(extension);
        self
    }
    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", body.to_string())
    }
    pub fn text(mut self, media_type: &str, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self.header(CONTENT_TYPE.as_str(), media_type)
    }
    pub async fn send(self) -> Answer {
        let response = self.api.router.clone().oneshot(self.request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        // A stream of events has no end to wait for.
        let stream = parts.headers.get(CONTENT_TYPE).is_some_and(|value| value == "text/event-stream");
        let body = if stream { Body::empty() } else { body };
        let body = to_bytes(body, usize::MAX).await.expect("the body can be read");
        Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
    /// The id in the body.
    pub fn id(&self) -> String {
        self.json()["id"].as_str().expect("an id").to_owned()
    }
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.json()
    }
    /// Asserts that this is a problem of that kind, and answers it.
    #[track_caller]
    pub fn problem(self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
        assert_eq!(body["status"], status);
        let instance = body["instance"].as_str().expect("an instance");
        assert_eq!(instance, format!("urn:uuid:{}", self.header("x-request-id")));
        body
    }
    /// Asserts that this is a problem with one broken rule at that place.
    #[track_caller]
    pub fn wrong_at(self, status: u16, kind: &str, pointer: &str, detail: &str) {
        let body = self.problem(status, kind);
        let errors = body["errors"].as_array().expect("errors");
        let found = errors.iter().any(|error| {
            error["pointer"] == pointer && error["detail"].as_str().is_some_and(|text| text.contains(detail))
        });
        assert!(found, "no {detail:?} at {pointer} in {body}");
    }
}

/// A shipment from the middle of Porto to its harbour.
pub fn shipment(reference: &str) -> Value {
    json!({
        "reference": reference,
        "sender": { "name": "Ana Lopes", "email": "ana@example.pt" },
        "recipient": { "name": "Rui Costa" },
        "origin": { "name": "Hub", "location_type": "hub", "address": { "city": "Porto", "point": { "lat": 41.15, "lon": -8.61 } } },
        "destination": { "name": "Door", "address": { "city": "Matosinhos", "point": { "lat": 41.18, "lon": -8.69 } } },
        "packages": [{ "tracking_number": format!("TN-{reference}"), "weight_kg": 1.5, "metadata": { "fragile": true } }]
    })
}

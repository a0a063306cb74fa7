//! A server on a real socket, and clients that speak HTTP, WebSocket and server-sent events with it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures::{SinkExt, Stream, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tracklane_core::model::{Caller, Role};
use tracklane_engine::access::NewApiKey;
use tracklane_engine::records::NewTenant;
use tracklane_server::ServerSettings;
use tracklane_server::limits::LimitSettings;
use tracklane_testkit::{TestApp, http_client};

use crate::support::new_key;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a test listens for what must not come.
const QUIET: Duration = Duration::from_millis(700);

/// A server and a client.
pub struct Wire {
    pub app: TestApp,
    pub http: reqwest::Client,
}

/// Settings without limits.
pub fn unlimited() -> ServerSettings {
    let limits = LimitSettings {
        requests_per_minute: 0,
        positions_per_second: 0,
        customer_shipments_per_hour: 0,
        logins_per_minute: 0,
        public_requests_per_minute: 0,
        streams_per_tenant: 0,
        public_streams_per_address: 0,
    };
    ServerSettings { limits, ..ServerSettings::default() }
}

impl Wire {
    pub async fn new() -> Self {
        Self::with(unlimited()).await
    }

    pub async fn with(settings: ServerSettings) -> Self {
        Self { app: TestApp::with(settings).await, http: http_client() }
    }

    pub fn admin(&self) -> &str {
        &self.app.admin_key
    }

    /// Lets a minute go by: facts happen one after the other.
    pub fn minute(&self) {
        self.app.engine.clock.advance(60);
    }

    /// Now, as the server sees it.
    pub fn now(&self) -> String {
        self.app.engine.env.now().to_string()
    }

    pub async fn key(&self, key: NewApiKey) -> String {
        let access = &self.app.engine.engine.access;
        access.create_api_key(&self.app.engine.caller, key).await.expect("a key can be made").secret
    }

    pub async fn driver_key(&self, driver: &str) -> String {
        let driver_id = Some(driver.parse().expect("a driver's id"));
        self.key(NewApiKey { driver_id, ..new_key(Role::Driver) }).await
    }

    pub async fn customer_key(&self, customer: &str) -> String {
        let customer_id = Some(customer.parse().expect("a customer's id"));
        self.key(NewApiKey { customer_id, ..new_key(Role::Customer) }).await
    }

    /// An admin key of another tenant.
    pub async fn foreign_key(&self) -> String {
        let engine = &self.app.engine;
        let new =
            NewTenant { name: "Elsewhere".to_owned(), slug: "elsewhere".to_owned(), settings: Default::default() };
        let tenant = engine.engine.records.tenants.create(&engine.caller, new).await.expect("a tenant can be made");
        let made = engine.engine.access.create_api_key(&Caller::system(tenant.id), new_key(Role::Admin)).await;
        made.expect("a key can be made").secret
    }

    /// A request; answers the status and the body, which is text where it is no JSON.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.http.request(method, self.app.url(path));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("the server answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("the body can be read");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        self.call(Method::GET, path, token, None).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, token, Some(body)).await
    }

    /// Makes something as the admin, and answers its id and itself.
    #[track_caller]
    pub fn make<'a>(&'a self, path: &'a str, body: Value) -> Pin<Box<dyn Future<Output = (String, Value)> + 'a>> {
        Box::pin(async move {
            let (status, made) = self.post(path, self.admin(), &body).await;
            assert_eq!(status, 201, "{path}: {made}");
            let id = made["id"].as_str().or_else(|| made["shipment"]["id"].as_str()).unwrap_or_default();
            (id.to_owned(), made)
        })
    }

    /// States a fact as the admin, a minute after whatever was before.
    pub async fn fact(&self, shipment: &str, status: &str) {
        self.minute();
        let (code, body) =
            self.post(&format!("/v1/shipments/{shipment}/events"), self.admin(), &json!({ "status": status })).await;
        assert_eq!(code, 201, "{status}: {body}");
    }

    /// Sends a position taken now, as the admin.
    pub async fn position(&self, device: &str, lat: f64, lon: f64) {
        let body = json!({ "device": device, "fix_time": self.now(), "lat": lat, "lon": lon });
        let (code, body) = self.post("/v1/positions", self.admin(), &body).await;
        assert_eq!(code, 202, "{body}");
    }

    /// Opens a WebSocket with these header fields.
    pub async fn try_socket(&self, path: &str, fields: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let mut request = format!("ws://{}{path}", self.app.address).into_client_request().expect("a request");
        for (name, value) in fields {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(SocketError::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("no connection: {other}"),
        }
    }

    pub async fn socket(&self, path: &str, token: &str) -> Socket {
        let bearer = format!("Bearer {token}");
        self.try_socket(path, &[("authorization", &bearer)]).await.expect("a connection")
    }

    /// A socket of `/v1/live` that has subscribed and is ready.
    pub async fn subscribed(&self, token: &str, filter: Value) -> Socket {
        let mut socket = self.socket("/v1/live", token).await;
        socket.subscribe(filter).await;
        let ready = socket.next().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        socket
    }

    /// Opens a stream of server-sent events.
    pub async fn events(&self, path: &str, token: &str, last: Option<&str>) -> Events {
        let mut request = self.http.get(self.app.url(path));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let bytes = response.bytes_stream().map(|chunk| chunk.unwrap_or_default().to_vec());
        Events { bytes: Box::pin(bytes), text: String::new(), frames: VecDeque::new() }
    }
}

/// One end of a WebSocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("the message can be sent");
    }

    pub async fn subscribe(&mut self, mut filter: Value) {
        filter["type"] = json!("subscribe");
        self.send(Message::text(filter.to_string())).await;
    }

    /// The next message; an object with `close` when the server closes.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await.expect("something is said in time");
            match message {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).expect("JSON"),
                Some(Ok(Message::Close(Some(frame)))) => return json!({ "close": u16::from(frame.code) }),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return json!({ "close": null }),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message of this type; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind || message["close"].is_u64() {
                return message;
            }
        }
    }

    /// Asserts that nothing is said for a while.
    pub async fn is_quiet(&mut self) {
        if let Ok(message) = timeout(QUIET, self.next()).await {
            panic!("something was said: {message}");
        }
    }
}

/// A stream of server-sent events.
pub struct Events {
    bytes: Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>,
    text: String,
    frames: VecDeque<Event>,
}

/// One event of it.
#[derive(Debug, Clone, Default)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub retry: Option<String>,
    pub data: Value,
}

impl Events {
    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            let chunk = timeout(PATIENCE, self.bytes.next()).await.expect("something is said in time")?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
            while let Some(end) = self.text.find("\n\n") {
                let frame: String = self.text.drain(..end + 2).collect();
                self.frames.extend(read(&frame));
            }
        }
    }

    /// The next event of this name; others are passed over.
    pub async fn next_of(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }

    /// Asserts that nothing but signs of life is said for a while.
    pub async fn is_quiet(&mut self) {
        if let Ok(event) = timeout(QUIET, self.next()).await {
            panic!("something was said: {event:?}");
        }
    }
}

fn read(frame: &str) -> Option<Event> {
    let mut event = Event::default();
    for line in frame.lines().filter(|line| !line.starts_with(':')) {
        let (field, value) = line.split_once(": ").unwrap_or((line, ""));
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = Some(value.to_owned()),
            "retry" => event.retry = Some(value.to_owned()),
            "data" => event.data = serde_json::from_str(value).expect("JSON"),
            _ => {}
        }
    }
    let says = !event.name.is_empty() || event.id.is_some() || event.retry.is_some();
    says.then_some(event)
}

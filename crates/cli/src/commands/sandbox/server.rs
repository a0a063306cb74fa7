//! The sandbox over HTTP: tokens, tracking of one number and of several, subscriptions.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tracklane_core::time::Env;
use tracklane_notify::webhook::Secret;

use super::basic;
use super::broken;
use super::limit::Limit;
use super::memory::Memory;
use super::number::{Number, plain};
use super::outage::{NewOutage, Outage};
use super::tokens::Tokens;
use super::webhooks::{self, Subscription, Subscriptions, Teller, random_id};

/// The secret of every client.
pub const SECRET: &str = "sandbox";
/// How many numbers one request may ask for.
pub const BATCH: usize = 30;
/// The longest name of a client, in bytes.
const LONGEST_CLIENT: usize = 100;

/// A sandbox.
pub struct Sandbox {
    /// Time and randomness.
    pub env: Env,
    /// How many times as fast as the numbers say all goes, at least 1.
    pub speed: u32,
    /// How long a token is good.
    pub token_life: Duration,
    /// The tokens that were given out.
    pub tokens: Mutex<Tokens>,
    /// How often clients may ask.
    pub limit: Mutex<Limit>,
    /// The numbers that were asked for.
    pub memory: Mutex<Memory>,
    /// Who wants to be told.
    pub subscriptions: Mutex<Subscriptions>,
    /// What is wrong with every answer, for a while.
    pub outage: Mutex<Option<Outage>>,
    /// What tells them.
    pub teller: Teller,
}

type Shared = State<Arc<Sandbox>>;

/// Everything that the sandbox answers.
pub fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/v1/track/{number}", get(track_one))
        .route("/v1/track", post(track_several))
        .route("/v1/webhooks", post(subscribe).get(subscriptions))
        .route("/v1/webhooks/{id}", delete(unsubscribe))
        .route("/v1/outage", put(begin_outage).delete(end_outage))
        .fallback(async || error(StatusCode::NOT_FOUND, "unknown_path", "there is nothing under this path"))
        .with_state(sandbox)
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Gives out a token (RFC 6749, sections 4.4 and 5.2); the client stands in the form or in the Basic header.
async fn token(State(sandbox): Shared, headers: HeaderMap, form: Result<Form<TokenForm>, FormRejection>) -> Response {
    let refuse = |status: StatusCode, code: &str, words: &str| {
        (status, axum::Json(json!({ "error": code, "error_description": words }))).into_response()
    };
    let form = match form {
        Ok(Form(form)) => form,
        Err(wrong) => return refuse(StatusCode::BAD_REQUEST, "invalid_request", &wrong.body_text()),
    };
    if form.grant_type != "client_credentials" {
        let words = "grant_type must be client_credentials";
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", words);
    }
    let given = basic::read(&headers).or_else(|| Some((form.client_id?, form.client_secret?)));
    let Some((client, _)) = given.filter(|(client, secret)| is_client(client) && secret == SECRET) else {
        let words = format!("client_id must be of 1 to {LONGEST_CLIENT} bytes and client_secret must be {SECRET}");
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", &words);
    };
    let life = sandbox.token_life;
    let token = sandbox.tokens.lock().give(&client, life, &sandbox.env);
    axum::Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": life.as_secs() })).into_response()
}

fn is_client(client: &str) -> bool {
    (1..=LONGEST_CLIENT).contains(&client.len())
}

impl Sandbox {
    /// Who asks, if the token is good and there is some of the allowance left.
    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    fn client(&self, headers: &HeaderMap) -> Result<String, Response> {
        let now = self.env.now();
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default().trim();
        let Some(client) = self.tokens.lock().client(token, now).map(str::to_owned) else { return Err(bad_token()) };
        let taken = self.limit.lock().take(&client, now);
        taken.map_err(throttled)?;
        Ok(client)
    }
}

/// The answer to a token that is none.
pub fn bad_token() -> Response {
    let words = "the token is unknown or has expired";
    let refused = error(StatusCode::UNAUTHORIZED, "invalid_token", words);
    ([(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")], refused).into_response()
}

/// The answer to who asks too often.
pub fn throttled(wait: i64) -> Response {
    let refused = error(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests");
    ([(RETRY_AFTER, wait.to_string())], refused).into_response()
}

/// An error as the sandbox writes it.
pub fn error(status: StatusCode, code: &str, words: &str) -> Response {
    (status, axum::Json(json!({ "errors": [{ "code": code, "message": words }] }))).into_response()
}

/// What there is to say of one number.
enum Said {
    Shipments(Vec<Value>),
    NotFound,
    Invalid(String),
}

const NOT_FOUND: &str = "there is no shipment with this number";

async fn track_one(State(sandbox): Shared, headers: HeaderMap, Path(text): Path<String>) -> Response {
    if let Err(refused) = sandbox.client(&headers) {
        return refused;
    }
    let (mut said, broken) = look_up(&sandbox, &[text]);
    let answer = match said.pop() {
        Some((_, Said::Shipments(shipments))) => (StatusCode::OK, json!({ "shipments": shipments }).to_string()),
        Some((_, Said::Invalid(rule))) => return error(StatusCode::BAD_REQUEST, "invalid_number", &rule),
        _ => (StatusCode::NOT_FOUND, json!({ "errors": [{ "code": "not_found", "message": NOT_FOUND }] }).to_string()),
    };
    broken::answer(answer, broken, sandbox.speed).await
}

#[derive(Deserialize)]
struct Batch {
    numbers: Vec<String>,
}

async fn track_several(State(sandbox): Shared, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refused) = sandbox.client(&headers) {
        return refused;
    }
    let batch: Batch = match serde_json::from_slice(&body) {
        Ok(batch) => batch,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, "invalid_request", &wrong.to_string()),
    };
    if !(1..=BATCH).contains(&batch.numbers.len()) {
        let rule = format!("numbers must be 1 to {BATCH}, not {}", batch.numbers.len());
        return error(StatusCode::BAD_REQUEST, "invalid_request", &rule);
    }
    let (said, broken) = look_up(&sandbox, &batch.numbers);
    let wrong = |number: &str, code: &str, words: &str| json!({ "number": number, "error": { "code": code, "message": words } });
    let items = said.into_iter().flat_map(|(number, said)| match said {
        Said::Shipments(shipments) => shipments,
        Said::NotFound => vec![wrong(&number, "not_found", NOT_FOUND)],
        Said::Invalid(rule) => vec![wrong(&number, "invalid_number", &rule)],
    });
    let shipments: Vec<Value> = items.collect();
    broken::answer((StatusCode::OK, json!({ "shipments": shipments }).to_string()), broken, sandbox.speed).await
}

/// What there is to say of each number, and what is wrong with the answer as a whole: an outage, else the first number that has
/// such a fault decides.
fn look_up(sandbox: &Sandbox, texts: &[String]) -> (Vec<(String, Said)>, Option<super::fault::Broken>) {
    let now = sandbox.env.now();
    let mut broken = sandbox.outage.lock().and_then(|outage| outage.broken(now));
    let mut memory = sandbox.memory.lock();
    let said = texts.iter().map(|text| {
        let said = match Number::parse(text) {
            Err(rule) => Said::Invalid(rule),
            Ok(number) => {
                let asked = memory.ask(number, now);
                broken = broken.or(number.fault.fault.broken(asked.asks));
                Some(asked.shipments(now)).filter(|found| !found.is_empty()).map_or(Said::NotFound, Said::Shipments)
            }
        };
        (plain(text), said)
    });
    let said = said.collect();
    drop(memory);
    sandbox.teller.wake.notify_one();
    (said, broken)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSubscription {
    url: String,
    secret: Option<String>,
    #[serde(default)]
    numbers: Vec<String>,
}

impl NewSubscription {
    /// The subscription, with its numbers; an error names the field and the rule.
    fn check(&self, client: String, sandbox: &Sandbox) -> Result<(Subscription, Vec<Number>), String> {
        sandbox.teller.guard.check_url(&self.url).map_err(|blocked| format!("url: {blocked}"))?;
        let secret = match &self.secret {
            Some(text) => text.parse().map_err(|wrong| format!("secret: {wrong}"))?,
            None => Secret::generate(&sandbox.env),
        };
        if self.numbers.len() > webhooks::MOST_NUMBERS {
            return Err(format!("numbers must be at most {}", webhooks::MOST_NUMBERS));
        }
        let parse = |text: &String| Number::parse(text).map_err(|rule| format!("numbers: {}: {rule}", plain(text)));
        let numbers = self.numbers.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let named = numbers.iter().map(Number::text).collect();
        Ok((Subscription { client, url: self.url.clone(), secret, numbers: named }, numbers))
    }
}

async fn subscribe(State(sandbox): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let client = match sandbox.client(&headers) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    let invalid = |rule: &str| error(StatusCode::BAD_REQUEST, "invalid_request", rule);
    let new: NewSubscription = match serde_json::from_slice(&body) {
        Ok(new) => new,
        Err(wrong) => return invalid(&wrong.to_string()),
    };
    let (subscription, numbers) = match new.check(client, &sandbox) {
        Ok(checked) => checked,
        Err(rule) => return invalid(&rule),
    };
    let id = random_id("wh", &sandbox.env);
    let shown = json!({ "id": id, "url": subscription.url, "secret": subscription.secret.reveal() });
    let mut subscriptions = sandbox.subscriptions.lock();
    if subscriptions.len() >= webhooks::MOST {
        return invalid(&format!("there may be at most {} subscriptions", webhooks::MOST));
    }
    subscriptions.insert(id, subscription);
    drop(subscriptions);
    let (now, mut memory) = (sandbox.env.now(), sandbox.memory.lock());
    for number in numbers {
        memory.expect(number, now);
    }
    drop(memory);
    sandbox.teller.wake.notify_one();
    (StatusCode::CREATED, axum::Json(shown)).into_response()
}

async fn subscriptions(State(sandbox): Shared, headers: HeaderMap) -> Response {
    let client = match sandbox.client(&headers) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    let subscriptions = sandbox.subscriptions.lock();
    let own = subscriptions.iter().filter(|(_, subscription)| subscription.client == client);
    let own: Vec<Value> = own
        .map(|(id, subscription)| json!({ "id": id, "url": subscription.url, "numbers": subscription.numbers }))
        .collect();
    axum::Json(json!({ "webhooks": own })).into_response()
}

async fn unsubscribe(State(sandbox): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let client = match sandbox.client(&headers) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    let mut subscriptions = sandbox.subscriptions.lock();
    if subscriptions.get(&id).is_some_and(|subscription| subscription.client == client) {
        subscriptions.remove(&id);
        return StatusCode::NO_CONTENT.into_response();
    }
    error(StatusCode::NOT_FOUND, "not_found", "there is no such subscription")
}

async fn begin_outage(State(sandbox): Shared, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refused) = sandbox.client(&headers) {
        return refused;
    }
    let new = serde_json::from_slice::<NewOutage>(&body).map_err(|wrong| wrong.to_string());
    match new.and_then(|new| new.check(sandbox.env.now())) {
        Ok(outage) => {
            *sandbox.outage.lock() = Some(outage);
            axum::Json(json!({ "until": outage.until })).into_response()
        }
        Err(rule) => error(StatusCode::BAD_REQUEST, "invalid_request", &rule),
    }
}

async fn end_outage(State(sandbox): Shared, headers: HeaderMap) -> Response {
    if let Err(refused) = sandbox.client(&headers) {
        return refused;
    }
    *sandbox.outage.lock() = None;
    StatusCode::NO_CONTENT.into_response()
}

/// An answer with a content type of its own.
pub fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let header: [(HeaderName, &str); 1] = [(CONTENT_TYPE, content_type)];
    (status, header, body.into()).into_response()
}

//! Subscriptions over HTTP.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tracklane_notify::webhook::Secret;

use super::number::{Number, plain};
use super::server::{Sandbox, Shared, error};
use super::webhooks::{MOST, MOST_NUMBERS, Subscription, random_id};

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
        if self.numbers.len() > MOST_NUMBERS {
            return Err(format!("numbers must be at most {MOST_NUMBERS}"));
        }
        let parse = |text: &String| Number::parse(text).map_err(|rule| format!("numbers: {}: {rule}", plain(text)));
        let numbers = self.numbers.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let named = numbers.iter().map(Number::text).collect();
        Ok((Subscription { client, url: self.url.clone(), secret, numbers: named }, numbers))
    }
}

/// `POST /v1/webhooks`.
pub async fn subscribe(State(sandbox): Shared, headers: HeaderMap, body: Bytes) -> Response {
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
    if subscriptions.len() >= MOST {
        return invalid(&format!("there may be at most {MOST} subscriptions"));
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

/// `GET /v1/webhooks`.
pub async fn subscriptions(State(sandbox): Shared, headers: HeaderMap) -> Response {
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

/// `DELETE /v1/webhooks/{id}`.
pub async fn unsubscribe(State(sandbox): Shared, headers: HeaderMap, Path(id): Path<String>) -> Response {
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

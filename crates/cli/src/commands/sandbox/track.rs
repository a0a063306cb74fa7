//! Tracking over HTTP: one number, or several.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::broken;
use super::fault::Broken;
use super::number::{Number, plain};
use super::server::{Sandbox, Shared, error};

/// How many numbers one request may ask for.
pub const BATCH: usize = 30;
/// What there is to say of one number.
enum Said {
    Shipments(Vec<Value>),
    NotFound,
    Invalid(String),
}

const NOT_FOUND: &str = "there is no shipment with this number";

/// `GET /v1/track/{number}`.
pub async fn track_one(State(sandbox): Shared, headers: HeaderMap, Path(text): Path<String>) -> Response {
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

/// `POST /v1/track`.
pub async fn track_several(State(sandbox): Shared, headers: HeaderMap, body: Bytes) -> Response {
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
fn look_up(sandbox: &Sandbox, texts: &[String]) -> (Vec<(String, Said)>, Option<Broken>) {
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

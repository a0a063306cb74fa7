//! An outage of the carrier as a whole: for a while every answer about numbers is a broken one.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tracklane_core::time::Timestamp;

use super::fault::Broken;
use super::server::{Shared, error};

/// The longest outage, in seconds.
const LONGEST: u64 = 86_400;

/// An outage.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// What every answer is instead.
    pub broken: Broken,
    /// When it is over.
    pub until: Timestamp,
}

impl Outage {
    /// What answers are instead at `now`; none when it is over.
    pub fn broken(self, now: Timestamp) -> Option<Broken> {
        (now < self.until).then_some(self.broken)
    }
}

/// An outage that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOutage {
    /// What every answer is instead.
    fault: Broken,
    /// How long it takes, whatever the speed.
    seconds: u64,
}

impl NewOutage {
    /// The outage, from now on.
    ///
    /// # Errors
    /// Names the field and the rule.
    pub fn check(&self, now: Timestamp) -> Result<Outage, String> {
        if !(1..=LONGEST).contains(&self.seconds) {
            return Err(format!("seconds must be 1 to {LONGEST}"));
        }
        Ok(Outage {
            broken: self.fault,
            until: now.checked_add(Duration::from_secs(self.seconds)).unwrap_or(Timestamp::MAX),
        })
    }
}

/// `PUT /v1/outage`.
pub async fn begin_outage(State(sandbox): Shared, headers: HeaderMap, body: Bytes) -> Response {
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

/// `DELETE /v1/outage`.
pub async fn end_outage(State(sandbox): Shared, headers: HeaderMap) -> Response {
    if let Err(refused) = sandbox.client(&headers) {
        return refused;
    }
    *sandbox.outage.lock() = None;
    StatusCode::NO_CONTENT.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_ends() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let check = |seconds| NewOutage { fault: Broken::Hangs, seconds }.check(now);
        let outage = check(60).unwrap();
        let after = |seconds| now.checked_add(Duration::from_secs(seconds)).unwrap();
        assert_eq!((outage.broken(after(59)), outage.broken(after(60))), (Some(Broken::Hangs), None));
        assert_eq!([check(0).unwrap_err(), check(86_401).unwrap_err()], ["seconds must be 1 to 86400"; 2]);
    }
}

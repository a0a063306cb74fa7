//! The ports of devices: phones and trackers that speak a protocol of their own over HTTP. A success means that the
//! position is durable, or known already, or will never be taken (a time far in the future, a driver off duty): devices
//! send again whatever did not succeed, and what can never succeed would hold up all that comes after it. What cannot be
//! read is refused all the same: it may not even say who sends it, and a client set up wrongly must be told.
//!
//! - [`osmand`]: OsmAnd and Traccar Client;
//! - [`owntracks`]: OwnTracks in its HTTP mode.

pub mod osmand;
pub mod owntracks;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tracklane_core::model::Caller;
use tracklane_core::position::Report;
use tracklane_engine::tracking::{DeviceRef, Incoming, RowOutcome};

use crate::App;
use crate::limits::Key;
use crate::metrics::OutcomeLabels;
use crate::problem::{Kind, Problem, Result};

/// For how many seconds a device that is too fast is slowed down before it is sent away.
const PATIENCE: usize = 3;

/// What a request says about its sender, besides the message.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stated {
    /// The user of HTTP Basic.
    user: Option<String>,
    /// The secret, wherever it stands.
    secret: Option<String>,
}

impl Stated {
    /// Reads `Authorization`: Basic, Bearer, or the bare secret, as some trackers send it.
    fn read(headers: &HeaderMap) -> Self {
        let Some(text) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return Self::default();
        };
        let Some((scheme, rest)) = text.trim().split_once(' ') else {
            return Self { user: None, secret: Some(text.trim().to_owned()) };
        };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Self { user: None, secret: Some(rest.trim().to_owned()) };
        }
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((user, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
            return Self::default();
        };
        Self { user: Some(user.to_owned()), secret: Some(secret.to_owned()) }
    }
}

/// Keeps the positions of a message.
///
/// # Errors
/// `unauthenticated` for an unknown or disabled device or a wrong secret, `quota-exceeded`, and when nothing can be kept.
async fn take(app: &App, reports: Vec<Report>, stated: &Stated) -> Result<()> {
    for Report { device, time, fix, attributes, .. } in reports {
        let caller = sender(app, &device, stated).await.inspect_err(|_| count(app, "unknown_device"))?;
        let Some(fix) = fix else {
            count(app, "without_position");
            continue;
        };
        pace(app, &caller).await?;
        let row = Incoming { device: DeviceRef::Caller, fix_time: time, fix, attributes };
        if let RowOutcome::Rejected(_) = app.engine.tracking.submit_one(&caller, row).await? {
            count(app, "rejected");
        }
    }
    Ok(())
}

/// Who sends: the device that the message names, or the user of HTTP Basic.
async fn sender(app: &App, named: &str, stated: &Stated) -> Result<Caller> {
    let secret = stated.secret.as_deref();
    let names = [Some(named), stated.user.as_deref()].into_iter().flatten().filter(|name| !name.is_empty());
    let mut refused = Problem::unauthenticated("the message does not say which device it is from");
    for name in names {
        match app.engine.access.authenticate_device(name, secret).await {
            Ok(caller) => return Ok(caller),
            Err(error) => refused = error.into(),
        }
        if refused.kind() != Kind::Unauthenticated {
            break;
        }
    }
    Err(refused)
}

/// Waits until the device's allowance permits another position. A device that was offline sends what it has kept one by
/// one, as fast as we answer: it is slowed down rather than sent away, for it would stay away for long.
async fn pace(app: &App, caller: &Caller) -> Result<()> {
    let Some(device) = caller.device_id else { return Ok(()) };
    for _ in 0..PATIENCE {
        if app.limits.position(Key::DevicePositions(device), app.env.now()).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    app.limits.position(Key::DevicePositions(device), app.env.now()).map(|_| ())
}

/// Counts a message that left no position.
fn count(app: &App, outcome: &'static str) {
    app.metrics.device_messages.get_or_create(&OutcomeLabels { outcome }).inc();
}

/// A message that cannot be read.
fn unreadable(app: &App, error: &tracklane_protocols::DecodeError) -> Problem {
    count(app, "unreadable");
    Problem::new(Kind::Malformed, error.to_string())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn secrets_are_read_wherever_devices_put_them() {
        let read = |text: &'static str| {
            let stated = Stated::read(&HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(text))]));
            (stated.user, stated.secret)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("Basic dmFuLTc6c2VjcmV0"), (some("van-7"), some("secret")));
        assert_eq!(read("Bearer secret"), (None, some("secret")));
        assert_eq!(read("secret"), (None, some("secret")));
        assert_eq!(read("Basic ?"), (None, None));
        assert_eq!(Stated::read(&HeaderMap::new()), Stated::default());
    }
}

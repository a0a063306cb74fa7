//! The ports of devices: phones and trackers that speak a protocol of their own over HTTP. A success means that the
//! position is durable, or known already, or will never be taken (a time far in the future, a driver off duty, a message
//! that cannot be read): devices send again whatever did not succeed, and what can never succeed would hold up all that
//! comes after it. Refused is who sends: what does not say so, or is not believed.
//!
//! - [`osmand`]: OsmAnd and Traccar Client;
//! - [`owntracks`]: OwnTracks in its HTTP mode.

pub mod osmand;
pub mod owntracks;

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tracklane_core::model::Caller;
use tracklane_core::position::Report;
use tracklane_core::sensor;
use tracklane_engine::tracking::{DeviceRef, Incoming, RowOutcome};
use tracklane_protocols::DecodeError;

use crate::App;
use crate::auth::client_network;
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
    /// The address it comes from.
    from: Option<IpAddr>,
}

impl Stated {
    /// Reads where the request is from, and `Authorization`: Basic, Bearer, or the bare secret, as some trackers send it.
    fn of(request: &Request, app: &App) -> Self {
        let from = client_network(request.extensions(), request.headers(), app);
        Self { from, ..Self::read(request.headers()) }
    }

    fn read(headers: &HeaderMap) -> Self {
        let Some(text) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return Self::default();
        };
        let Some((scheme, rest)) = text.trim().split_once(' ') else {
            return Self { secret: Some(text.trim().to_owned()), ..Self::default() };
        };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Self { secret: Some(rest.trim().to_owned()), ..Self::default() };
        }
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((user, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
            return Self::default();
        };
        Self { user: Some(user.to_owned()), secret: Some(secret.to_owned()), from: None }
    }
}

/// Keeps the positions of a message.
///
/// # Errors
/// `unauthenticated` for an unknown or disabled device or a wrong secret, `quota-exceeded`, and when nothing can be kept.
async fn take(app: &App, protocol: &'static str, reports: Vec<Report>, stated: &Stated) -> Result<()> {
    for Report { device, time, fix, attributes, .. } in reports {
        let caller = sender(app, &device, stated).await.inspect_err(|problem| {
            count(app, "unknown_device");
            if problem.kind() == Kind::Unauthenticated {
                let name = if device.is_empty() { stated.user.as_deref().unwrap_or_default() } else { &device };
                app.engine.access.note_unknown_device(protocol, name, None);
            }
        })?;
        let refused = if fix.is_some() { "rejected" } else { "without_position" };
        if fix.is_none() && !sensor::any(&attributes) {
            count(app, refused);
            continue;
        }
        pace(app, &caller).await?;
        let row = Incoming { device: DeviceRef::Caller, fix_time: time, fix, attributes };
        if let RowOutcome::Rejected(_) = app.engine.tracking.submit_one(&caller, row).await? {
            count(app, refused);
        }
    }
    Ok(())
}

/// Who sends: the device that the message names, or the user of HTTP Basic.
async fn sender(app: &App, named: &str, stated: &Stated) -> Result<Caller> {
    let access = &app.engine.access;
    let stated_user = stated.user.as_deref().filter(|name| !name.is_empty());
    let name = match (Some(named).filter(|name| !name.is_empty()), stated_user) {
        (Some(named), Some(user)) if !access.is_device(named) && access.is_device(user) => user,
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Err(Problem::unauthenticated("the message does not say which device it is from")),
    };
    Ok(access.authenticate_device(name, stated.secret.as_deref(), stated.from).await?)
}

/// Waits until the device's allowance permits another position. A device that was offline sends what it has kept one by
/// one, as fast as we answer: it is slowed down rather than sent away, for it would stay away for long.
async fn pace(app: &App, caller: &Caller) -> Result<()> {
    let Some(device) = caller.device_id else { return Ok(()) };
    if !app.limits.counts_positions() {
        return Ok(());
    }
    for _ in 0..PATIENCE {
        if app.limits.position(Key::DevicePositions(device), app.env.now()).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    app.limits.position(Key::DevicePositions(device), app.env.now()).await.map(|_| ())
}

/// Counts a message that left no position.
fn count(app: &App, outcome: &'static str) {
    app.metrics.device_messages.get_or_create(&OutcomeLabels { outcome }).inc();
}

/// Drops a message that cannot be read, if it is from a device that may send: `named` is what it can still be read to say.
///
/// # Errors
/// `malformed-request` when it does not say, so that whoever sets up a device notices; `quota-exceeded`.
async fn drop_unreadable(app: &App, error: &DecodeError, named: &str, stated: &Stated) -> Result<()> {
    count(app, "unreadable");
    match sender(app, named, stated).await {
        Ok(caller) => {
            let device = caller.device_id.map(|id| id.to_string()).unwrap_or_default();
            tracing::warn!(device, "a message of a device cannot be read and is dropped");
            tracing::debug!(device, %error, "what is wrong with it");
            Ok(())
        }
        Err(problem) if problem.kind() == Kind::Unauthenticated => {
            Err(Problem::new(Kind::Malformed, error.to_string()))
        }
        Err(problem) => Err(problem),
    }
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

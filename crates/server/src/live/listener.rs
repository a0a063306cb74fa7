//! Who listens: let in by header, cookie or ticket, and asked again while the stream goes on.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, COOKIE, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method};
use tracklane_core::id::TenantId;
use tracklane_core::model::Caller;
use tracklane_engine::access::Principal;

use super::seats::Seat;
use crate::App;
use crate::auth::{authenticate, client_network, same_origin};
use crate::permissions::{Allowed, LiveRead};
use crate::problem::{Kind, Problem, Result};

/// The header fields of a request that say who sent it.
pub fn credentials(headers: &HeaderMap) -> HeaderMap {
    let fields = headers.iter().filter(|(name, _)| [AUTHORIZATION, COOKIE].contains(name));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Somebody who may open a live stream. Besides the usual credentials, takes a ticket from the query.
pub struct Listener {
    app: App,
    principal: Arc<Principal>,
    credentials: HeaderMap,
    /// The address it comes from.
    from: Option<IpAddr>,
}

impl FromRequestParts<App> for Listener {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let ticket = redeemed(parts, app)?;
        let by_cookie = ticket.is_none() && !parts.headers.contains_key(AUTHORIZATION);
        if let Some(found) = ticket {
            parts.headers.remove(AUTHORIZATION);
            parts.headers.remove(COOKIE);
            parts.headers.extend(found);
        }
        let who = Allowed::<LiveRead>::from_request_parts(parts, app).await?;
        // Any page may open a WebSocket to anywhere, and the browser sends the cookie along.
        if by_cookie && parts.headers.contains_key(UPGRADE) && !same_origin(&parts.headers, app) {
            let detail = "a page of another site cannot use the session cookie; use a ticket";
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        let from = client_network(&parts.extensions, &parts.headers, app);
        Ok(Self { app: app.clone(), principal: who.0, credentials: credentials(&parts.headers), from })
    }
}

/// The value of a query parameter that lets somebody in.
pub fn from_query(parts: &Parts, wanted: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// The credentials, as header fields, behind the ticket that the query holds.
fn redeemed(parts: &Parts, app: &App) -> Result<Option<HeaderMap>> {
    let Some(ticket) = from_query(parts, "ticket") else { return Ok(None) };
    let found = app.live.tickets.redeem(&ticket, app.env.now());
    found.ok_or_else(|| Problem::unauthenticated("the ticket is unknown, used or expired")).map(Some)
}

impl Listener {
    /// Who listens.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// For whom the stream is.
    pub fn caller(&self) -> &Caller {
        &self.principal.caller
    }

    /// A seat among the streams of the tenant; none when all are taken.
    pub fn take_seat(&self) -> Option<Seat<TenantId>> {
        let limit = self.app.settings.limits.streams_per_tenant;
        self.app.live.seats.take(self.caller().tenant_id, limit)
    }

    /// How often [`Listener::may_stay`] is to be asked.
    pub fn check_every(&self) -> Duration {
        Duration::from_secs(self.app.settings.live_check_seconds.max(1))
    }

    /// False when the credentials have expired or were revoked, or when they stand for other rights by now.
    pub async fn may_stay(&self) -> bool {
        match authenticate(&Method::GET, &self.credentials, self.from, &self.app).await {
            Ok(now) => now.caller == self.principal.caller && now.scopes == self.principal.scopes,
            // A store that does not answer says nothing about the credentials.
            Err(problem) => !matches!(problem.kind(), Kind::Unauthenticated | Kind::Forbidden),
        }
    }
}

//! Tickets: what opens a stream where no header can be sent. Each works once, for a short time, with the rights of
//! whoever asked for it.

use std::collections::HashMap;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use parking_lot::Mutex;
use tracklane_api_types::Ticket;
use tracklane_core::{Env, Timestamp};

use super::listener::credentials;
use crate::App;
use crate::permissions::{Allowed, LiveRead};
use crate::problem::{Kind, Problem, Problems, Result};

/// For how long a ticket works, in seconds.
const LIFE_SECONDS: i64 = 30;

/// How many unused tickets there may be.
const MOST: usize = 100_000;

/// Tickets that were not used yet.
#[derive(Default)]
pub struct Tickets(Mutex<HashMap<String, Issued>>);

struct Issued {
    credentials: HeaderMap,
    expires_at: Timestamp,
}

impl Tickets {
    /// Makes a ticket for whoever has these credentials. None when there are too many already.
    pub fn issue(&self, env: &Env, credentials: HeaderMap) -> Option<Ticket> {
        let now = env.now();
        let expires_at = now.saturating_add(SignedDuration::from_secs(LIFE_SECONDS)).unwrap_or(now);
        let ticket = URL_SAFE_NO_PAD.encode(env.random::<32>());
        let mut tickets = self.0.lock();
        if tickets.len() >= MOST {
            tickets.retain(|_, issued| issued.expires_at > now);
        }
        if tickets.len() >= MOST {
            return None;
        }
        tickets.insert(ticket.clone(), Issued { credentials, expires_at });
        Some(Ticket { ticket, expires_at })
    }

    /// Takes a ticket: the credentials behind it, if it still works.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> Option<HeaderMap> {
        let issued = self.0.lock().remove(ticket)?;
        (issued.expires_at > now).then_some(issued.credentials)
    }
}

/// Get a ticket for a live stream
///
/// For browsers: neither a WebSocket nor an `EventSource` can send `Authorization`. It works once, within 30 seconds, as
/// `?ticket=`.
#[utoipa::path(post, path = "/v1/live/tickets", tag = "Live", operation_id = "create_live_ticket",
    security(("bearer" = ["live:read"])), responses((status = 201, body = Ticket, description = "The ticket"), Problems))]
pub async fn create(
    State(app): State<App>,
    _who: Allowed<LiveRead>,
    headers: HeaderMap,
) -> Result<(StatusCode, axum::Json<Ticket>)> {
    let ticket = app.live.tickets.issue(&app.env, credentials(&headers));
    let ticket = ticket.ok_or_else(|| Problem::new(Kind::Unavailable, "too many tickets wait to be used"))?;
    Ok((StatusCode::CREATED, axum::Json(ticket)))
}

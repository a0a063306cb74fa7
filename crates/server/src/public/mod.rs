//! The public tracking page: what whoever holds a link may see, and nothing personal beyond it.
//!
//! - [`view`]: what is shown, picked field by field from what is known;
//! - [`page`]: the page, which works without a script, [`stream`]: what keeps it up to date;
//! - [`words`]: every word of it, in one table.

pub mod page;
pub mod stream;
pub mod view;
pub mod words;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY};
use http::request::Parts;

use self::view::PublicTracking;
use crate::App;
use crate::auth::client_network;
use crate::edge::Context;
use crate::problem::{Kind, Problem, Problems, Result};
use crate::query::Id;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Anybody, counted by address.
pub struct Visitor(Option<IpAddr>);

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let address = client_network(&parts.extensions, &parts.headers, app);
        if let Some(address) = address {
            let left = app.limits.public(address, app.env.now()).await?;
            if let Some(context) = parts.extensions.get::<Arc<Context>>() {
                context.note_limit(left);
            }
        }
        Ok(Self(address))
    }
}

/// Nobody but the reader keeps it, learns of it or finds it.
fn secretive(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// The page behind a link. Unknown, expired and revoked links get the same page.
///
/// # Errors
/// `quota-exceeded`, or faults of ours.
pub async fn show(State(app): State<App>, _: Visitor, Id(token): Id<String>) -> Result<Response> {
    match read(&app, &token).await {
        Ok(view) => Ok(secretive(page::render(&view)?)),
        Err(problem) if problem.kind() == Kind::NotFound => Ok(secretive(page::not_found()?)),
        Err(problem) => Err(problem),
    }
}

/// Read what a tracking link shows
///
/// The same that the page shows. The position is there only while the own fleet carries the shipment.
#[utoipa::path(get, path = "/t/{token}/data", tag = "Public tracking", operation_id = "get_public_tracking",
    params(("token" = String, Path, description = "The token of a tracking link")), security(()),
    responses((status = 200, body = PublicTracking), Problems))]
pub async fn data(State(app): State<App>, _visitor: Visitor, Id(token): Id<String>) -> Result<Response> {
    Ok(secretive(axum::Json(read(&app, &token).await?)))
}

/// Follow a tracking link
///
/// Server-sent events named `update`, each with the whole that `/t/{token}/data` answers. The stream ends when the link
/// stops working.
#[utoipa::path(get, path = "/t/{token}/live", tag = "Public tracking", operation_id = "follow_public_tracking",
    params(("token" = String, Path, description = "The token of a tracking link")), security(()),
    responses((status = 200, description = "A stream", content_type = "text/event-stream"), Problems))]
pub async fn live(State(app): State<App>, visitor: Visitor, Id(token): Id<String>) -> Result<Response> {
    Ok(secretive(stream::open(app, visitor.0, token).await?))
}

/// What a link shows now.
///
/// # Errors
/// `not-found` for a token that is unknown, expired or revoked.
pub async fn read(app: &App, token: &str) -> Result<PublicTracking> {
    let found = app.engine.shipments.public(token).await?;
    Ok(PublicTracking::new(token, &found))
}

//! Public tracking links: whoever has one sees the shipment's page, without logging in.

use axum::extract::State;
use http::StatusCode;
use tracklane_api_types::{LinkView, Page};
use tracklane_core::id::{LinkId, ShipmentId};
use tracklane_core::model::TrackingLink;
use tracklane_engine::shipments::NewLink;

use crate::App;
use crate::conditional::Created;
use crate::json::OptionalJson;
use crate::permissions::{Allowed, LinksWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

fn view(app: &App, link: TrackingLink) -> LinkView {
    let token = app.engine.shipments.link_token(&link);
    LinkView { url: format!("{}/t/{token}", app.public_url), token, link }
}

/// List the links of a shipment
///
/// All of them, newest first. A link is as good as a key, so reading links needs the right to make them.
#[utoipa::path(get, path = "/v1/shipments/{id}/links", tag = "Shipments", operation_id = "list_links",
    params(("id" = ShipmentId, Path)), security(("bearer" = ["links:write"])),
    responses((status = 200, body = Page<LinkView>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<LinksWrite>,
    Id(id): Id<ShipmentId>,
) -> Result<axum::Json<Page<LinkView>>> {
    let links = app.engine.shipments.links(&who.caller, id).await?;
    let items = links.into_iter().map(|link| view(&app, link)).collect();
    Ok(axum::Json(Page { items, next_cursor: None, has_more: false }))
}

/// Make a link
#[utoipa::path(post, path = "/v1/shipments/{id}/links", tag = "Shipments", operation_id = "create_link",
    params(("id" = ShipmentId, Path)), request_body = Option<NewLink>, security(("bearer" = ["links:write"])),
    responses((status = 201, body = LinkView), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<LinksWrite>,
    Id(id): Id<ShipmentId>,
    OptionalJson(input): OptionalJson<NewLink>,
) -> Result<Created<LinkView>> {
    let link = app.engine.shipments.add_link(&who.caller, id, input).await?;
    let location = format!("/v1/shipments/{id}/links/{}", link.id);
    Ok(Created { location, version: None, body: view(&app, link) })
}

/// Revoke a link
///
/// Its page is gone at once.
#[utoipa::path(delete, path = "/v1/shipments/{id}/links/{link_id}", tag = "Shipments", operation_id = "revoke_link",
    params(("id" = ShipmentId, Path), ("link_id" = LinkId, Path)), security(("bearer" = ["links:write"])),
    responses((status = 204), Problems))]
pub async fn revoke(
    State(app): State<App>,
    who: Allowed<LinksWrite>,
    Id((id, link)): Id<(ShipmentId, LinkId)>,
) -> Result<StatusCode> {
    app.engine.shipments.revoke_link(&who.caller, id, link).await?;
    Ok(StatusCode::NO_CONTENT)
}

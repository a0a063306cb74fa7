//! What was sent to webhook endpoints, and how each attempt ended.

use axum::extract::State;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::id::{EndpointId, EventId, MessageId, ShipmentId};
use tracklane_core::model::{Attempt, AttemptOutcome, Message, MessageState};
use tracklane_engine::webhooks::{AttemptFilter, MessageFilter};

use crate::App;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, EndpointsRead, EndpointsWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Which messages are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// In this state.
    state: Option<MessageState>,
    /// About this event.
    event_id: Option<EventId>,
    /// About this shipment.
    shipment_id: Option<ShipmentId>,
    /// Of this type.
    event_type: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(MessagesQuery);

/// List the messages of an endpoint
#[utoipa::path(get, path = "/v1/endpoints/{id}/messages", tag = "Webhooks", operation_id = "list_messages",
    params(("id" = EndpointId, Path), MessagesQuery), security(("bearer" = ["endpoints:read"])),
    responses((status = 200, body = Page<Message>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<EndpointsRead>,
    Id(id): Id<EndpointId>,
    listing: Listing<MessagesQuery>,
) -> Result<Listed<Message>> {
    let query = &listing.query;
    let filter = MessageFilter {
        endpoint_id: Some(id),
        state: query.state,
        event_id: query.event_id,
        shipment_id: query.shipment_id,
        event_type: query.event_type.clone(),
    };
    let found = app.engine.webhooks.messages(&who.caller, &filter, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Which attempts are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttemptsQuery {
    /// Of this message.
    message_id: Option<MessageId>,
    /// That ended so.
    outcome: Option<AttemptOutcome>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(AttemptsQuery);

/// List the attempts of an endpoint
#[utoipa::path(get, path = "/v1/endpoints/{id}/attempts", tag = "Webhooks", operation_id = "list_attempts",
    params(("id" = EndpointId, Path), AttemptsQuery), security(("bearer" = ["endpoints:read"])),
    responses((status = 200, body = Page<Attempt>), Problems))]
pub async fn attempts(
    State(app): State<App>,
    who: Allowed<EndpointsRead>,
    Id(id): Id<EndpointId>,
    listing: Listing<AttemptsQuery>,
) -> Result<Listed<Attempt>> {
    let query = &listing.query;
    let filter = AttemptFilter { endpoint_id: Some(id), message_id: query.message_id, outcome: query.outcome };
    let found = app.engine.webhooks.attempts(&who.caller, &filter, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Read a message
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "Webhooks", operation_id = "get_message",
    params(("id" = MessageId, Path)), security(("bearer" = ["endpoints:read"])),
    responses((status = 200, body = Message), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<EndpointsRead>,
    Id(id): Id<MessageId>,
) -> Result<axum::Json<Message>> {
    Ok(axum::Json(app.engine.webhooks.message(&who.caller, id).await?))
}

/// Send a message again
///
/// With the same id and body, and a new row of attempts.
#[utoipa::path(post, path = "/v1/messages/{id}/resend", tag = "Webhooks", operation_id = "resend_message",
    params(("id" = MessageId, Path)), security(("bearer" = ["endpoints:write"])),
    responses((status = 200, body = Message), Problems))]
pub async fn resend(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<MessageId>,
) -> Result<axum::Json<Message>> {
    Ok(axum::Json(app.engine.webhooks.resend(&who.caller, id).await?))
}

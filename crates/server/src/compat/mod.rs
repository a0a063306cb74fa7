//! The endpoints of two systems that Tracklane replaces, so that their clients go on working. Thin: each is a call or two
//! of the engine in other words, with the same permissions, limits and failures as under `/v1`.
//!
//! - [`delivertrack`]: deliveries and couriers, in snake case; [`track`]: its WebSocket;
//! - [`ordertracking`]: orders and drivers, in camel case;
//! - [`goods`]: what both say about what is brought; [`words`]: statuses, theirs and ours; [`places`]: addresses and
//!   coordinates; [`courier`]: positions without devices.

pub mod courier;
pub mod delivertrack;
pub mod goods;
pub mod ordertracking;
pub mod places;
pub mod track;
pub mod words;

use std::sync::Arc;

use tracklane_core::id::ShipmentId;
use tracklane_core::model::Role;
use tracklane_engine::access::Principal;
use tracklane_engine::shipments::{NewShipment, ShipmentDetail, ShipmentFilter};
use tracklane_engine::{Error, Page};

use self::places::Whereabouts;
use crate::App;
use crate::edge::Context;
use crate::problem::{Problem, Result};

/// The shipment that a path names: by its id, or by the reference that the caller gave it.
///
/// # Errors
/// `not-found`, also for shipments of others.
async fn find(app: &App, who: &Principal, name: &str) -> Result<ShipmentId> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let filter = ShipmentFilter { reference: Some(name.to_owned()), ..ShipmentFilter::default() };
    let found = app.engine.shipments.list(&who.caller, &filter, Page::first(1)).await?;
    let found = found.items.first().map(|shipment| shipment.id);
    found.ok_or_else(|| Problem::not_found("there is no such thing, or the caller may not see it"))
}

async fn detail(app: &App, who: &Principal, name: &str) -> Result<ShipmentDetail> {
    let id = find(app, who, name).await?;
    Ok(app.engine.shipments.detail(&who.caller, id).await?)
}

/// Makes a shipment. Without anybody else named, a customer who makes one is who it is for.
async fn create(
    app: &App,
    context: &Context,
    who: &Principal,
    mut input: NewShipment,
    names: &[(&str, &str)],
) -> Result<ShipmentDetail> {
    if let (Role::Customer, Some(own)) = (who.caller.role, who.caller.customer_id) {
        context.note_limit(app.limits.customer_shipment(own, app.env.now()).await?);
        if input.recipient.is_none() {
            input.recipient_id.get_or_insert(own);
        }
    }
    app.engine.shipments.create(&who.caller, input).await.map_err(|error| renamed(error, names))
}

/// The same failure with the names of fields that the caller knows: `(ours, theirs)`.
fn renamed(error: Error, names: &[(&str, &str)]) -> Problem {
    let Error::Invalid(mut invalid) = error else { return error.into() };
    for error in &mut invalid.0 {
        let path = error.pointer.trim_start_matches('#');
        let found = names.iter().find_map(|(ours, theirs)| Some((theirs, path.strip_prefix(ours)?)));
        if let Some((theirs, rest)) = found {
            error.pointer = format!("#{theirs}{rest}");
        }
    }
    invalid.into()
}

/// Where a shipment is: the position of the driver who carries it now.
async fn whereabouts(app: &App, who: &Principal, id: ShipmentId) -> Result<Option<Whereabouts>> {
    let latest = app.engine.shipments.position(&who.caller, id).await?;
    Ok(latest.as_ref().map(Whereabouts::from))
}

type Ctx = axum::Extension<Arc<Context>>;

//! How the legs of a shipment move, as its state moves. Pure.

use tracklane_core::Timestamp;
use tracklane_core::id::{DriverId, LegId, LocationId};
use tracklane_core::lifecycle::{FactKind, ShipmentState, Status, TrackingEvent};
use tracklane_core::model::{Leg, LegState, Shipment};

/// True when no further leg follows in the same direction.
pub(crate) fn is_last(leg: &Leg, legs: &[Leg]) -> bool {
    let follows = |other: &&Leg| {
        other.position > leg.position && other.is_return == leg.is_return && other.state != LegState::Cancelled
    };
    !legs.iter().any(|other| follows(&other))
}

/// The present leg.
pub(crate) fn active(legs: &[Leg]) -> Option<&Leg> {
    legs.iter().find(|leg| leg.state == LegState::Active)
}

/// The driver of the present leg; the last one known when no leg is on its way any more.
pub(crate) fn driver(legs: &[Leg], before: Option<DriverId>) -> Option<DriverId> {
    active(legs).map_or(before, |leg| leg.driver_id)
}

/// Moves the legs to where `state` says that the shipment is. `news` are the facts that were not known before, `now` the
/// time of writing. Answers which legs changed.
pub(crate) fn settle(legs: &mut [Leg], state: &ShipmentState, news: &[TrackingEvent], now: Timestamp) -> Vec<LegId> {
    let before: Vec<Leg> = legs.to_vec();
    let since = state.since.unwrap_or(now);
    let returning = state.return_leg || matches!(state.status, Status::Returning | Status::Returned);
    if state.status.is_terminal() {
        end_all(legs, state.status, since);
    } else {
        let returning = returning && legs.iter().any(|leg| leg.is_return);
        leave_direction(legs, returning, since);
        wake_one(legs, returning);
        for fact in news {
            hand_over(legs, fact);
        }
        if let Some(at) = state.picked_up_at
            && let Some(first) = legs.iter_mut().find(|leg| leg.state == LegState::Active)
            && first.started_at.is_none()
        {
            first.started_at = Some(at);
        }
    }
    let changed = legs.iter().zip(&before).filter(|(leg, old)| leg != old);
    changed.map(|(leg, _)| leg.id).collect()
}

/// Legs that begin or end where the shipment did go on doing so when it is given another origin or destination; those that
/// are over stay as they were. Answers which legs changed.
pub(crate) fn follow(legs: &mut [Leg], before: &Shipment, now: &Shipment) -> Vec<LegId> {
    let mut changed = Vec::new();
    for is_return in [false, true] {
        let (start, end): (End, End) = if is_return { (destination, origin) } else { (origin, destination) };
        let mine = |leg: &&mut Leg| leg.is_return == is_return;
        let open = |leg: &Leg| matches!(leg.state, LegState::Planned | LegState::Active);
        if let Some(first) = legs.iter_mut().find(mine)
            && open(first)
            && first.origin_id == start(before)
            && start(before) != start(now)
        {
            first.origin_id = start(now);
            changed.push(first.id);
        }
        if let Some(last) = legs.iter_mut().rev().find(mine)
            && open(last)
            && last.destination_id == end(before)
            && end(before) != end(now)
        {
            last.destination_id = end(now);
            changed.push(last.id);
        }
    }
    changed
}

/// One end of a shipment's way.
type End = fn(&Shipment) -> Option<LocationId>;

fn origin(shipment: &Shipment) -> Option<LocationId> {
    shipment.origin_id
}

fn destination(shipment: &Shipment) -> Option<LocationId> {
    shipment.destination_id
}

/// The shipment has ended: so has what was on its way, and the rest will not happen.
fn end_all(legs: &mut [Leg], status: Status, since: Timestamp) {
    for leg in legs {
        let arrived = leg.state == LegState::Active && status != Status::Cancelled;
        match leg.state {
            LegState::Active if arrived => finish(leg, since),
            LegState::Active | LegState::Planned => leg.state = LegState::Cancelled,
            LegState::Done | LegState::Cancelled => {}
        }
    }
}

/// Ends what still runs in the other direction.
fn leave_direction(legs: &mut [Leg], returning: bool, since: Timestamp) {
    for leg in legs.iter_mut().filter(|leg| leg.is_return != returning) {
        match leg.state {
            LegState::Active => finish(leg, since),
            // The way back stays planned while the shipment is still on its way out.
            LegState::Planned if returning => leg.state = LegState::Cancelled,
            _ => {}
        }
    }
}

/// While the shipment is on its way, one leg is: the next planned one, or after a correction the one that ended last.
fn wake_one(legs: &mut [Leg], returning: bool) {
    let mine = |leg: &Leg| leg.is_return == returning;
    if legs.iter().any(|leg| mine(leg) && leg.state == LegState::Active) {
        return;
    }
    let place = legs
        .iter()
        .position(|leg| mine(leg) && leg.state == LegState::Planned)
        .or_else(|| legs.iter().rposition(|leg| mine(leg) && leg.state == LegState::Done))
        .or_else(|| legs.iter().position(mine));
    let Some(place) = place else { return };
    legs[place].state = LegState::Active;
    legs[place].ended_at = None;
    // What was called off behind it is to come again.
    for leg in legs[place + 1..].iter_mut().filter(|leg| mine(leg) && leg.state == LegState::Cancelled) {
        leg.state = LegState::Planned;
    }
}

/// Ends the present leg when a fact says that its end is reached, and begins the next one.
fn hand_over(legs: &mut [Leg], fact: &TrackingEvent) {
    let Some(present) = legs.iter().position(|leg| leg.state == LegState::Active) else { return };
    let leg = &legs[present];
    let next = legs.iter().position(|other| {
        other.position > leg.position && other.is_return == leg.is_return && other.state == LegState::Planned
    });
    let Some(next) = next else { return };
    if !reaches_end(leg, fact) {
        return;
    }
    finish(&mut legs[present], fact.occurred_at);
    legs[next].state = LegState::Active;
    legs[next].started_at = Some(fact.occurred_at);
}

fn reaches_end(leg: &Leg, fact: &TrackingEvent) -> bool {
    if fact.kind != FactKind::Scan {
        return false;
    }
    match fact.status {
        Some(Status::InTransit) => {
            let arrived = fact.substatus.as_deref() == Some("arrived_facility");
            let place = fact.place.as_ref().and_then(|place| place.location_id);
            let here = fact.leg_id == Some(leg.id) || (place.is_some() && place == leg.destination_id);
            let handed = fact.substatus.as_deref() == Some("transferred_carrier");
            (arrived && here) || handed
        }
        // It is on the last vehicle, so this leg is over.
        Some(Status::OutForDelivery) => fact.leg_id != Some(leg.id),
        _ => false,
    }
}

fn finish(leg: &mut Leg, at: Timestamp) {
    leg.state = LegState::Done;
    leg.ended_at = Some(at);
}

#[cfg(test)]
mod tests;

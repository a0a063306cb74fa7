//! What positions prove about shipments: the pipeline hands in where a vehicle is, and the facts follow.

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, ShipmentId};
use tracklane_core::lifecycle::{Actor, Place, SourceKind, Status, TrackingEvent};
use tracklane_core::milestone::{Milestone, next_milestone};
use tracklane_core::model::{Leg, LegMode};
use tracklane_core::position::Point;
use tracklane_store::Db;

use super::open::{Draft, Open};
use super::{Shipments, route};
use crate::error::Result;
use crate::tracking::{WatchedLeg, ZoneKey, since};

/// That a vehicle was somewhere, and for which leg that may matter.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// The leg, as the pipeline knew it.
    pub leg: WatchedLeg,
    /// The device that was there.
    pub device_id: DeviceId,
    /// The zones that it was in.
    pub inside: Vec<ZoneKey>,
    /// When: the crossing, or the fix itself.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
}

/// A shipment that milestones moved, to be remembered after the commit.
pub(crate) struct Moved(Open);

impl Shipments {
    /// Records every milestone that is proven, inside the pipeline's transaction. What the pipeline knew may be out of
    /// date; what counts is the shipment as it is now, under its lock. Answers what to remember.
    pub(crate) async fn prove(&self, db: &mut Db, proof: &Proof) -> Result<Option<Moved>> {
        let env = &self.base.env;
        let id: ShipmentId = proof.leg.shipment_id;
        let Some(mut open) = self.lock(db, id).await? else { return Ok(None) };
        // Each round moves the shipment or ends the loop; there are fewer milestones than rounds.
        for _ in 0..8 {
            let Some(draft) = next(&open, proof) else { break };
            let before = (open.state.status, open.state.substatus.clone());
            open.apply(env, db, vec![draft]).await?;
            if before == (open.state.status, open.state.substatus.clone()) {
                break;
            }
        }
        open.read_ends(db).await?;
        Ok(Some(Moved(open)))
    }

    /// Tells the pipeline what it must watch for from now on. After the commit.
    pub(crate) fn remember(&self, moved: &Moved) {
        moved.0.remember(&self.base);
    }
}

/// The next fact that the proof makes, given how the shipment stands.
fn next(open: &Open, proof: &Proof) -> Option<Draft> {
    let leg = route::active(&open.legs).filter(|leg| concerns(leg, proof))?;
    let place = proof.leg.whereabouts(|key| proof.inside.contains(&key));
    let (state, shipment) = (&open.state, &open.shipment);
    let last = route::is_last(leg, &open.legs);
    let found = next_milestone(shipment.milestones, state.status, state.substatus.as_deref(), place, last)?;
    // What happened before the present status moves nothing: it is worth being kept once, not with every fix.
    if state.since.is_some_and(|since| proof.at < since) && was_said(open, leg, found) {
        return None;
    }
    let location_id = match (found.status, found.substatus) {
        (Status::PickedUp, _) | (_, "departed_facility") => leg.origin_id,
        (_, "arriving") => None,
        _ => leg.destination_id,
    };
    let base = Draft::scan(found.status, proof.at, SourceKind::Device, Actor::Device(proof.device_id));
    Some(Draft {
        substatus: Some(found.substatus.to_owned()),
        leg_id: Some(leg.id),
        place: Some(Place { location_id, point: Some(proof.point), ..Place::default() }),
        ..base
    })
}

/// True when a device has said the same about this leg before.
fn was_said(open: &Open, leg: &Leg, milestone: Milestone) -> bool {
    let same = |fact: &TrackingEvent| {
        fact.source == SourceKind::Device
            && fact.leg_id == Some(leg.id)
            && (fact.status, fact.substatus.as_deref()) == (Some(milestone.status), Some(milestone.substatus))
    };
    open.facts.iter().any(same)
}

/// True while the leg is still the one that was proven for, under the same driver, who had it already.
fn concerns(leg: &Leg, proof: &Proof) -> bool {
    let same = leg.id == proof.leg.leg_id && leg.mode == LegMode::Fleet && leg.driver_id == Some(proof.leg.driver_id);
    same && since(leg).is_none_or(|since| since <= proof.at)
}

//! Who could carry it. The first, simple answer: the nearest.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracklane_core::id::ShipmentId;
use tracklane_core::model::{Caller, DeviceLatest, Driver, DutyState};
use tracklane_geo::distance::distance_m;
use tracklane_store::Page;
use tracklane_store::drivers::{self, DriverFilter};

use crate::base::{Base, must_see_all};
use crate::error::{Error, Result};
use crate::shipments::{ShipmentChange, Shipments};
use crate::tracking::Tracking;

/// Finding a driver. Cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    base: Arc<Base>,
    shipments: Shipments,
    tracking: Tracking,
}

/// A driver who could take a shipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AvailableDriver {
    /// Who.
    pub driver: Driver,
    /// Where they are, if they were heard of recently.
    pub position: Option<DeviceLatest>,
    /// How many fleet legs they have on the way.
    pub active_legs: usize,
    /// How far it is to them in metres, where a place was asked for and theirs is known.
    pub distance_m: Option<f64>,
}

impl Dispatch {
    pub(crate) fn new(base: Arc<Base>, shipments: Shipments, tracking: Tracking) -> Self {
        Self { base, shipments, tracking }
    }

    /// The drivers on duty: those with the fewest legs on the way first, then by id.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for narrow roles.
    pub async fn available_drivers(&self, caller: &Caller) -> Result<Vec<AvailableDriver>> {
        must_see_all(caller)?;
        let mut db = self.base.read(caller).await?;
        let filter = DriverFilter { duty: Some(DutyState::OnDuty), ..DriverFilter::default() };
        let mut page = Page::first(200);
        let mut available = Vec::new();
        loop {
            let listing = drivers::list(&mut db, &filter, page).await?;
            available.extend(listing.items.into_iter().map(|driver| self.availability(caller, driver)));
            let Some(next) = listing.next else { break };
            page.after = Some(next);
        }
        available.sort_by_key(|candidate| (candidate.active_legs, candidate.driver.id));
        Ok(available)
    }

    /// Gives a shipment to the nearest driver on duty who was heard of recently; among those equally near, to the one
    /// with the fewest legs on the way. Without a place to measure from, the least loaded driver gets it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when nobody is available, and those of [`Shipments::assign`].
    pub async fn assign_nearest(&self, caller: &Caller, shipment: ShipmentId) -> Result<ShipmentChange> {
        let detail = self.shipments.detail(caller, shipment).await?;
        let start = detail.origin.and_then(|origin| origin.address.point);
        let mut candidates = self.available_drivers(caller).await?;
        for candidate in &mut candidates {
            let position = candidate.position.as_ref().map(|position| position.point);
            candidate.distance_m = start.zip(position).map(|(start, position)| distance_m(start, position));
        }
        let reachable = candidates.into_iter().filter(|candidate| start.is_none() || candidate.distance_m.is_some());
        let nearest = reachable.min_by(|a, b| {
            let distance = |candidate: &AvailableDriver| candidate.distance_m.unwrap_or(0.0);
            distance(a).total_cmp(&distance(b)).then(a.active_legs.cmp(&b.active_legs))
        });
        let nobody = || Error::Conflict("no driver is on duty whose position is known".to_owned());
        self.shipments.assign(caller, shipment, nearest.ok_or_else(nobody)?.driver.id).await
    }

    fn availability(&self, caller: &Caller, driver: Driver) -> AvailableDriver {
        let recent = self.base.env.now().as_second() - self.base.settings.tracking.recent_seconds;
        let position = self.tracking.latest_of_driver(caller, driver.id);
        AvailableDriver {
            position: position.filter(|position| position.fix_time.as_second() >= recent),
            active_legs: self.base.memory.watch.load_of(driver.id),
            distance_m: None,
            driver,
        }
    }
}

//! Who could carry it. The first, simple answer: the nearest.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracklane_core::id::ShipmentId;
use tracklane_core::model::{Caller, DeviceLatest, Driver};

use crate::base::Base;
use crate::error::Result;
use crate::shipments::{ShipmentDetail, Shipments};
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

    /// The drivers on duty, least loaded first.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden) for narrow roles.
    pub async fn available_drivers(&self, caller: &Caller) -> Result<Vec<AvailableDriver>> {
        todo!()
    }

    /// Gives a shipment to the nearest driver on duty who was heard of recently; among those equally near, to the one
    /// with the fewest legs on the way.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) when nobody is available, and those of
    /// [`Shipments::assign`].
    pub async fn assign_nearest(&self, caller: &Caller, shipment: ShipmentId) -> Result<ShipmentDetail> {
        todo!()
    }
}

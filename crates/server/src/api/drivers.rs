//! Who carries. `/v1/couriers` leads here too.

use serde::Deserialize;
use tracklane_core::id::{DriverId, VehicleId};
use tracklane_core::model::{Driver, DutyState};
use tracklane_engine::records::{DriverFilter, NewDriver};

use crate::paging::list_query;
use crate::query::Ids;

/// Which drivers are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DriversQuery {
    /// These, at most 200: several by repeating the parameter or with commas.
    #[param(value_type = Vec<DriverId>)]
    id: Ids<DriverId>,
    /// On or off duty.
    duty: Option<DutyState>,
    /// With this vehicle.
    vehicle_id: Option<VehicleId>,
    /// With exactly this reference.
    reference: Option<String>,
    /// Whose name or reference contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(DriversQuery);

impl DriversQuery {
    fn filter(&self) -> DriverFilter {
        DriverFilter {
            ids: self.id.0.clone(),
            duty: self.duty,
            vehicle_id: self.vehicle_id,
            reference: self.reference.clone(),
            q: self.q.clone(),
        }
    }
}

crud! {
    drivers of Driver, made from NewDriver, named by DriverId, listed by DriversQuery,
    under "/v1/drivers" and "/v1/drivers/{id}", tag "Drivers", called "driver" and "drivers",
    read with DriversRead "drivers:read", written with DriversWrite "drivers:write"
}

//! What shipments are carried with.

use serde::Deserialize;
use tracklane_core::id::VehicleId;
use tracklane_core::model::Vehicle;
use tracklane_engine::records::{NewVehicle, VehicleFilter};

use crate::paging::list_query;
use crate::query::Ids;

/// Which vehicles are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VehiclesQuery {
    /// These, at most 200: several by repeating the parameter or with commas.
    #[param(value_type = Vec<VehicleId>)]
    id: Ids<VehicleId>,
    /// Of this type.
    vehicle_type: Option<String>,
    /// With exactly this reference.
    reference: Option<String>,
    /// Whose reference or type contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(VehiclesQuery);

impl VehiclesQuery {
    fn filter(&self) -> VehicleFilter {
        VehicleFilter {
            ids: self.id.0.clone(),
            vehicle_type: self.vehicle_type.clone(),
            reference: self.reference.clone(),
            q: self.q.clone(),
        }
    }
}

crud! {
    vehicles of Vehicle, made from NewVehicle, named by VehicleId, listed by VehiclesQuery,
    under "/v1/vehicles" and "/v1/vehicles/{id}", tag "Vehicles", called "vehicle" and "vehicles",
    read with VehiclesRead "vehicles:read", written with VehiclesWrite "vehicles:write"
}

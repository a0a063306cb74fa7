//! Hubs, warehouses, stores, lockers, ports and doors.

use serde::Deserialize;
use tracklane_core::id::LocationId;
use tracklane_core::model::{Location, LocationType};
use tracklane_engine::records::{LocationFilter, NewLocation};

use crate::paging::list_query;

/// Which locations are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LocationsQuery {
    /// Of this type.
    location_type: Option<LocationType>,
    /// With exactly this reference.
    reference: Option<String>,
    /// In this country, ISO 3166-1 alpha-2, upper case.
    country: Option<String>,
    /// Whose name, reference or city contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(LocationsQuery);

impl LocationsQuery {
    fn filter(&self) -> LocationFilter {
        LocationFilter {
            location_type: self.location_type,
            reference: self.reference.clone(),
            country: self.country.clone(),
            q: self.q.clone(),
        }
    }
}

crud! {
    locations of Location, made from NewLocation, named by LocationId, listed by LocationsQuery,
    under "/v1/locations" and "/v1/locations/{id}", tag "Locations", called "location" and "locations",
    read with LocationsRead "locations:read", written with LocationsWrite "locations:write"
}

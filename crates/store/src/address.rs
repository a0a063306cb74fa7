//! Addresses, as columns of customers and locations.

use tracklane_core::model::Address;
use tracklane_core::position::Point;

use crate::db::{Row, Value, args};
use crate::error::Result;

/// The values of the columns `line1, line2, city, state, postal_code, country, lat, lon`.
pub(crate) fn values(address: &Address) -> Vec<Value> {
    args![
        &address.line1,
        &address.line2,
        &address.city,
        &address.state,
        &address.postal_code,
        &address.country,
        address.point.map(|point| point.lat),
        address.point.map(|point| point.lon),
    ]
}

/// The address in those columns.
pub(crate) fn read(row: &Row) -> Result<Address> {
    let point = match (row.opt("lat")?, row.opt("lon")?) {
        (Some(lat), Some(lon)) => Some(Point { lat, lon }),
        _ => None,
    };
    Ok(Address {
        line1: row.opt("line1")?,
        line2: row.opt("line2")?,
        city: row.opt("city")?,
        state: row.opt("state")?,
        postal_code: row.opt("postal_code")?,
        country: row.opt("country")?,
        point,
    })
}

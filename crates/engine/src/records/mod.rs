//! The records that a tenant keeps: who sends and receives, who carries, with what, from where to where.
//!
//! `book` says once how a record is made, read, changed and deleted; each other file says what is particular about
//! one kind.

mod book;
pub mod customers;
pub mod devices;
pub mod drivers;
pub mod locations;
pub mod tenants;
pub mod vehicles;
mod zone_import;
pub mod zones;

use std::sync::Arc;

pub use book::{Book, Record};
pub use customers::NewCustomer;
pub use devices::{DeviceFilter, NewDevice};
pub use drivers::NewDriver;
pub use locations::NewLocation;
pub use tenants::{NewTenant, Tenants};
use tracklane_core::model::{Customer, Device, Driver, Location, Vehicle, Zone};
pub use tracklane_store::devices::DeviceFilter as StoredDeviceFilter;
pub use tracklane_store::{
    customers::CustomerFilter, drivers::DriverFilter, locations::LocationFilter, vehicles::VehicleFilter,
    zones::ZoneFilter,
};
pub use vehicles::NewVehicle;
pub use zone_import::{
    ImportOutcome, ImportRow, ImportWords, ImportedRow, MAX_IMPORTED, ZoneImport, read_geojson, read_kml,
};
pub use zones::NewZone;

use crate::base::Base;

/// The books of all kinds. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    /// Senders and recipients.
    pub customers: Book<Customer>,
    /// Hubs, warehouses, stores, lockers, ports and doors.
    pub locations: Book<Location>,
    /// Who carries.
    pub drivers: Book<Driver>,
    /// With what.
    pub vehicles: Book<Vehicle>,
    /// What sends positions.
    pub devices: Book<Device>,
    /// Geofences.
    pub zones: Book<Zone>,
    /// Companies.
    pub tenants: Tenants,
}

impl Records {
    pub(crate) fn new(base: &Arc<Base>) -> Self {
        Self {
            customers: Book::new(base),
            locations: Book::new(base),
            drivers: Book::new(base),
            vehicles: Book::new(base),
            devices: Book::new(base),
            zones: Book::new(base),
            tenants: Tenants::new(base),
        }
    }
}

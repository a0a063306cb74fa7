//! What must be there before the first trip begins: hubs, customers, drivers and devices.

use std::collections::HashMap;
use std::fmt::Display;

use futures::{StreamExt, TryStreamExt, stream};
use tracklane_client::requests::{NewCustomer, NewDevice, NewDriver, NewLocation, NewPackage, NewShipment};
use tracklane_client::{Client, Error};
use tracklane_core::id::{CustomerId, DeviceId, DriverId, LocationId};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{Address, LocationType};
use tracklane_core::position::Point;

use super::AT_ONCE;
use crate::trip::{Trip, distance_m};

/// Trip ends nearer than this to a known hub share it, in metres.
const SAME_HUB_M: f64 = 25.0;
/// Recipients who share the shipments of a run.
const RECIPIENTS: [&str; 8] = [
    "Ana Almeida",
    "Bruno Barros",
    "Carla Costa",
    "Duarte Dias",
    "Elsa Esteves",
    "Filipe Faria",
    "Graça Gomes",
    "Hugo Henriques",
];

/// What must be there before the first trip begins.
pub(super) struct Stage {
    run: String,
    sender: CustomerId,
    recipients: Vec<CustomerId>,
    /// By name.
    pub(super) drivers: HashMap<String, (DriverId, DeviceId)>,
    /// Origin and destination of each trip.
    hubs: Vec<(LocationId, LocationId)>,
}

impl Stage {
    pub(super) async fn set(client: &Client, trips: &[Trip], run: &str) -> Result<Self, Error> {
        let customer = |name: &str| NewCustomer { name: name.to_owned(), ..NewCustomer::default() };
        let sender = client.create_customer(&customer("Atelier Ribeira")).await?.id;
        let recipients = stream::iter(RECIPIENTS.map(customer))
            .map(|customer| async move { client.create_customer(&customer).await.map(|made| made.id) })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut names: Vec<&str> = trips.iter().map(|trip| trip.driver.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let drivers = stream::iter(names)
            .map(|name| async move { driver(client, name, run).await.map(|ids| (name.to_owned(), ids)) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let (places, ends) = places(trips);
        let made: Vec<LocationId> = stream::iter(places.into_iter().enumerate())
            .map(|(number, point)| async move { hub(client, run, number + 1, point).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let hubs = ends.into_iter().map(|(origin, destination)| (made[origin], made[destination])).collect();
        Ok(Self { run: run.to_owned(), sender, recipients, drivers, hubs })
    }

    pub(super) fn shipment(&self, number: usize, trip: &Trip) -> NewShipment {
        let named = |kind| reference(&self.run, kind, FIRST + number);
        let (origin, destination) = self.hubs[number];
        NewShipment {
            sender_id: Some(self.sender),
            recipient_id: Some(self.recipients[number % self.recipients.len()]),
            origin_id: Some(origin),
            destination_id: Some(destination),
            packages: vec![NewPackage {
                tracking_number: Some(named("PKG")),
                description: Some("Parcel".to_owned()),
                weight_kg: Some(1.5),
            }],
            driver_id: self.drivers.get(&trip.driver).map(|(driver, _)| *driver),
            milestones: Some(MilestonePolicy::Full),
            reference: Some(named("ORDER")),
            ..NewShipment::default()
        }
    }
}

/// Shipments are numbered from here.
const FIRST: usize = 1_001;

/// A name that no other thing of this kind has in this run, nor in another one.
fn reference(run: &str, kind: &str, number: impl Display) -> String {
    if run.is_empty() { format!("{kind}-{number}") } else { format!("{kind}-{run}-{number}") }
}

async fn driver(client: &Client, name: &str, run: &str) -> Result<(DriverId, DeviceId), Error> {
    let reference = reference(run, "phone", name.to_lowercase().replace(' ', "-"));
    let driver = NewDriver { reference: Some(reference.clone()), name: name.to_owned() };
    let driver_id = client.create_driver(&driver).await?.id;
    let device = NewDevice {
        identifier: reference,
        name: Some(format!("Phone of {name}")),
        driver_id: Some(driver_id),
        // In a film that is shown too fast every vehicle is faster than any can be.
        max_speed_mps: Some(0.0),
    };
    Ok((driver_id, client.create_device(&device).await?.id))
}

async fn hub(client: &Client, run: &str, number: usize, point: Point) -> Result<LocationId, Error> {
    let location = NewLocation {
        reference: Some(reference(run, "hub", number)),
        name: format!("Hub {number}"),
        location_type: LocationType::Hub,
        address: Address { point: Some(point), ..Address::default() },
        radius_m: None,
    };
    Ok(client.create_location(&location).await?.id)
}

/// The distinct places where trips start and end, and which of them each trip connects.
fn places(trips: &[Trip]) -> (Vec<Point>, Vec<(usize, usize)>) {
    let mut places: Vec<Point> = Vec::new();
    let mut place = |point: Point| {
        let known = places.iter().position(|known| distance_m(*known, point) < SAME_HUB_M);
        known.unwrap_or_else(|| {
            places.push(point);
            places.len() - 1
        })
    };
    let ends = trips.iter().map(|trip| (place(trip.origin), place(trip.destination))).collect();
    (places, ends)
}

#[cfg(test)]
mod tests {
    use tracklane_core::Timestamp;

    use super::*;
    use crate::fleet::{FleetPlan, simulate};

    #[test]
    fn trips_that_meet_share_a_hub() {
        let trips = simulate(&FleetPlan::new(1, 1, 3, Timestamp::UNIX_EPOCH));
        let (places, ends) = places(&trips);
        assert_eq!(ends[0].1, ends[1].0);
        assert!(places.len() <= 4);
    }
}

//! What the pipeline looks up for every position without asking the store. The records and shipments services keep it up
//! to date, after each commit; at start it is loaded from the store.

use std::collections::{HashMap, HashSet};

use tracklane_core::id::{DeviceId, DriverId, ShipmentId, TenantId, ZoneId};
use tracklane_core::model::{DeviceLatest, DutyState, Leg, LegState, Tenant};
use tracklane_store::drivers::DriverFilter;
use tracklane_store::{Db, Page, Scope, Store, devices, drivers, legs, locations, shipments, tenants, zones};

use super::registry::{KnownDevice, Registry};
use super::states::States;
use super::watch::Watch;
use super::zones::Zones;
use crate::error::Result;

/// How many legs one look-up at start asks about.
const LEGS_AT_ONCE: usize = 200;

/// What the pipeline looks up.
pub(crate) struct Memory {
    /// The devices.
    pub devices: Registry,
    /// The zones.
    pub zones: Zones,
    /// The fleet legs on the way.
    pub watch: Watch,
    /// What is known of each device now.
    pub states: States,
}

impl Memory {
    /// Knows nothing.
    pub fn empty(shards: usize) -> Self {
        Self {
            devices: Registry::default(),
            zones: Zones::default(),
            watch: Watch::default(),
            states: States::new(shards),
        }
    }

    /// Loads everything but the states from the store; those belong to the pipeline, which puts them into so many shards.
    ///
    /// # Errors
    /// As the store says.
    pub async fn load(store: &Store, shards: usize) -> Result<Self> {
        let memory = Self::empty(shards);
        memory.refresh(store).await?;
        Ok(memory)
    }

    /// Reads everything but the states again, and forgets what is not there any more.
    ///
    /// # Errors
    /// As the store says.
    pub async fn refresh(&self, store: &Store) -> Result<()> {
        let mut gone: HashSet<DeviceId> = self.devices.ids().into_iter().collect();
        let mut gone_zones: HashSet<(TenantId, ZoneId)> = self.zones.drawn().into_iter().collect();
        // What is being watched may be over by now.
        let mut legs = HashMap::<TenantId, Vec<_>>::new();
        for (tenant, shipment) in self.watch.all() {
            legs.entry(tenant).or_default().push(shipment);
        }
        let mut db = store.read(Scope::System).await?;
        devices::each_any_tenant(&mut db, |device| {
            gone.remove(&device.id);
            self.devices.put(&device);
        })
        .await?;
        for zone in zones::load_all_any_tenant(&mut db).await? {
            gone_zones.remove(&(zone.tenant_id, zone.id));
            self.zones.put(&zone);
        }
        for leg in legs::active_fleet_legs_any_tenant(&mut db).await? {
            legs.entry(leg.tenant_id).or_default().push(leg.shipment_id);
        }
        drop(db);
        gone.into_iter().for_each(|id| self.devices.remove(id));
        gone_zones.into_iter().for_each(|(tenant, id)| self.zones.remove(tenant, id));
        for tenant in all_tenants(store).await? {
            self.zones.resize(&tenant);
            let mut db = store.read(Scope::Tenant(tenant.id)).await?;
            self.load_duty(&mut db).await?;
            for some in legs.remove(&tenant.id).unwrap_or_default().chunks(LEGS_AT_ONCE) {
                self.watch(&mut db, &tenant, some).await?;
            }
        }
        Ok(())
    }

    /// The newest position of a driver: that of the device heard last.
    pub fn latest_of_driver(&self, driver: DriverId) -> Option<DeviceLatest> {
        let devices = self.devices.of_driver(driver);
        let latest = devices.iter().filter_map(|device| self.latest_of(device));
        latest.max_by_key(|latest| latest.fix_time)
    }

    /// The newest position of a device, with the driver who carries it now.
    pub fn latest_of(&self, device: &KnownDevice) -> Option<DeviceLatest> {
        self.states.latest(device.device_id, device.driver_id)
    }

    /// Watches what is on the way of these shipments of a tenant, as the store has them now.
    pub async fn watch(&self, db: &mut Db, tenant: &Tenant, ids: &[ShipmentId]) -> Result<()> {
        let mut routes = HashMap::<_, Vec<Leg>>::new();
        for leg in legs::list_of_shipments(db, ids).await? {
            routes.entry(leg.shipment_id).or_default().push(leg);
        }
        let active = routes.values().flatten().filter(|leg| leg.state == LegState::Active);
        let ends: Vec<_> = active.flat_map(|leg| [leg.origin_id, leg.destination_id]).flatten().collect();
        let places = locations::get_many(db, &ends).await?;
        for shipment in shipments::get_many(db, ids).await? {
            let legs = routes.remove(&shipment.id).unwrap_or_default();
            self.watch.refresh(&self.zones, tenant, &shipment, &legs, &places);
        }
        Ok(())
    }

    /// Notes who works now, and who does not.
    async fn load_duty(&self, db: &mut Db) -> Result<()> {
        // Who never was off duty needs no note.
        let duty = if self.devices.knows_duties() { None } else { Some(DutyState::OffDuty) };
        let filter = DriverFilter { duty, ..DriverFilter::default() };
        let mut page = Page::first(200);
        loop {
            let listing = drivers::list(db, &filter, page).await?;
            for driver in listing.items {
                self.devices.set_duty(driver.id, driver.version, driver.duty);
            }
            let Some(next) = listing.next else { return Ok(()) };
            page.after = Some(next);
        }
    }
}

async fn all_tenants(store: &Store) -> Result<Vec<Tenant>> {
    let mut db = store.read(Scope::System).await?;
    let mut all = Vec::new();
    let mut page = Page::first(200);
    loop {
        let listing = tenants::list_any_tenant(&mut db, page).await?;
        all.extend(listing.items);
        let Some(next) = listing.next else { return Ok(all) };
        page.after = Some(next);
    }
}

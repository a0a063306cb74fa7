//! What the pipeline looks up for every position without asking the store. The records and shipments services keep it up
//! to date, after each commit; at start it is loaded from the store.

use std::collections::HashMap;

use tracklane_core::id::{DriverId, TenantId};
use tracklane_core::model::{DeviceLatest, DutyState, Leg, Tenant};
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
        let mut db = store.read(Scope::System).await?;
        for device in devices::load_all_any_tenant(&mut db).await? {
            memory.devices.put(&device);
        }
        for zone in zones::load_all_any_tenant(&mut db).await? {
            memory.zones.put(&zone);
        }
        let mut active = HashMap::<TenantId, Vec<_>>::new();
        for leg in legs::active_fleet_legs_any_tenant(&mut db).await? {
            active.entry(leg.tenant_id).or_default().push(leg);
        }
        for tenant in all_tenants(store).await? {
            memory.zones.resize(&tenant);
            let mut db = store.read(Scope::Tenant(tenant.id)).await?;
            memory.load_duty(&mut db).await?;
            for some in active.remove(&tenant.id).unwrap_or_default().chunks(LEGS_AT_ONCE) {
                memory.load_legs(&mut db, &tenant, some).await?;
            }
        }
        Ok(memory)
    }

    /// The newest position of a driver: that of the device heard last.
    pub fn latest_of_driver(&self, driver: DriverId) -> Option<DeviceLatest> {
        let devices = self.devices.of_driver(driver);
        let latest = devices.iter().filter_map(|device| self.latest_of(device));
        latest.max_by_key(|latest| latest.fix_time)
    }

    /// The newest position of a device, with the driver who carries it now.
    pub fn latest_of(&self, device: &KnownDevice) -> Option<DeviceLatest> {
        let latest = self.states.latest(device.device_id)?;
        Some(DeviceLatest { driver_id: device.driver_id, ..DeviceLatest::clone(&latest) })
    }

    /// Watches active legs of a tenant.
    async fn load_legs(&self, db: &mut Db, tenant: &Tenant, active: &[Leg]) -> Result<()> {
        let ids: Vec<_> = active.iter().map(|leg| leg.shipment_id).collect();
        let ends: Vec<_> = active.iter().flat_map(|leg| [leg.origin_id, leg.destination_id]).flatten().collect();
        let places = locations::get_many(db, &ends).await?;
        let mut routes = HashMap::<_, Vec<_>>::new();
        for leg in legs::list_of_shipments(db, &ids).await? {
            routes.entry(leg.shipment_id).or_default().push(leg);
        }
        for shipment in shipments::get_many(db, &ids).await? {
            let legs = routes.remove(&shipment.id).unwrap_or_default();
            self.watch.refresh(&self.zones, tenant, &shipment, &legs, &places);
        }
        Ok(())
    }

    /// Notes who does not work now.
    async fn load_duty(&self, db: &mut Db) -> Result<()> {
        let off = DriverFilter { duty: Some(DutyState::OffDuty), ..DriverFilter::default() };
        let mut page = Page::first(200);
        loop {
            let listing = drivers::list(db, &off, page).await?;
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

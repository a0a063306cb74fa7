//! What the pipeline looks up for every position without asking the store. The records and shipments services keep it up
//! to date, after each commit; at start it is loaded from the store.

use std::collections::HashMap;

use tracklane_core::id::TenantId;
use tracklane_core::model::Tenant;
use tracklane_store::{Page, Scope, Store, devices, drivers, legs, locations, shipments, tenants, zones};

use super::registry::Registry;
use super::watch::Watch;
use super::zones::Zones;
use crate::error::Result;

/// What the pipeline looks up.
#[derive(Default)]
pub(crate) struct Memory {
    /// The devices.
    pub devices: Registry,
    /// The zones.
    pub zones: Zones,
    /// The fleet legs that positions may move.
    pub watch: Watch,
}

impl Memory {
    /// Loads everything from the store.
    ///
    /// # Errors
    /// As the store says.
    pub async fn load(store: &Store) -> Result<Self> {
        let memory = Self::default();
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
            let mut db = store.read(Scope::Tenant(tenant.id)).await?;
            memory.load_duty(&mut db).await?;
            for leg in active.remove(&tenant.id).unwrap_or_default() {
                let Some(shipment) = shipments::get(&mut db, leg.shipment_id).await? else { continue };
                let legs = legs::list_of_shipment(&mut db, leg.shipment_id).await?;
                let ends: Vec<_> = [leg.origin_id, leg.destination_id].into_iter().flatten().collect();
                let places = locations::get_many(&mut db, &ends).await?;
                memory.watch.refresh(&memory.zones, &tenant.settings, &shipment, &legs, &places);
            }
        }
        Ok(memory)
    }

    async fn load_duty(&self, db: &mut tracklane_store::Db) -> Result<()> {
        let off = drivers::DriverFilter {
            duty: Some(tracklane_core::model::DutyState::OffDuty),
            ..drivers::DriverFilter::default()
        };
        let mut page = Page::first(200);
        loop {
            let listing = drivers::list(db, &off, page).await?;
            for driver in listing.items {
                self.devices.set_duty(driver.id, driver.duty);
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

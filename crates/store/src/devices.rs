//! What sends GPS fixes. The hash of a device's credential is never part of the record.

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, Id, VehicleId};
use tracklane_core::model::Device;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Cursor, Listing, Page};
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "devices",
    fixed: "created_at, version",
    changing: "identifier, name, driver_id, vehicle_id, max_speed_mps, disabled, search, updated_at",
};

const CREDENTIAL: &str = ", credential_hash";

fn values(device: &Device) -> Vec<Value> {
    args![
        &device.identifier,
        &device.name,
        device.driver_id,
        device.vehicle_id,
        device.max_speed_mps,
        device.disabled,
        search_text(&[Some(&device.name), Some(&device.identifier)]),
        device.updated_at,
    ]
}

fn read(row: &Row) -> Result<Device> {
    Ok(read_with_hash(row)?.0)
}

fn read_with_hash(row: &Row) -> Result<(Device, Option<Vec<u8>>)> {
    let hash: Option<Vec<u8>> = row.opt("credential_hash")?;
    let device = Device {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        identifier: row.get("identifier")?,
        name: row.get("name")?,
        driver_id: row.opt("driver_id")?,
        vehicle_id: row.opt("vehicle_id")?,
        max_speed_mps: row.opt("max_speed_mps")?,
        disabled: row.get("disabled")?,
        has_credential: hash.is_some(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    };
    Ok((device, hash))
}

/// Which devices are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct DeviceFilter {
    /// Carried by one of these drivers, at most 200; none means any.
    pub driver_ids: Vec<DriverId>,
    /// In this vehicle.
    pub vehicle_id: Option<VehicleId>,
    /// With exactly this identifier.
    pub identifier: Option<String>,
    /// Disabled, or not.
    pub disabled: Option<bool>,
    /// Whose name or identifier contains this, whatever the case.
    pub q: Option<String>,
    /// Among these; the others are found in as many statements as it takes.
    pub ids: Option<Vec<DeviceId>>,
}

/// Adds a device, without a credential whatever `has_credential` says: see [`set_credential_hash`].
pub async fn insert(db: &mut Db, device: &Device) -> Result<()> {
    TABLE.insert(db, device.id, device.tenant_id, args![device.created_at, device.version], values(device)).await
}

/// Adds many devices of one tenant, as [`insert`] does.
pub async fn insert_many(db: &mut Db, devices: &[Device]) -> Result<()> {
    let mut rows = Vec::with_capacity(devices.len());
    for device in devices {
        db.check_tenant(device.tenant_id)?;
        let mut row = args![device.id, device.tenant_id, device.created_at, device.version];
        row.extend(values(device));
        rows.push(row);
    }
    TABLE.insert_many(db, rows).await
}

/// The device with this id.
pub async fn get(db: &mut Db, id: DeviceId) -> Result<Option<Device>> {
    TABLE.select_with(db, CREDENTIAL)?.is("id", Some(id)).one(db, read).await
}

/// The device with this id and the hash of its credential, if one is set.
pub async fn find_any_tenant(db: &mut Db, id: DeviceId) -> Result<Option<(Device, Option<Vec<u8>>)>> {
    TABLE.select_any_tenant_with(db, CREDENTIAL)?.is("id", Some(id)).one(db, read_with_hash).await
}

/// Hands out every device of every tenant, a part of them at a time, in no order.
pub async fn each_any_tenant(db: &mut Db, each: impl FnMut(Device)) -> Result<()> {
    TABLE.each_any_tenant(db, CREDENTIAL, read, each).await
}

/// The devices of the tenant.
pub async fn list(db: &mut Db, filter: &DeviceFilter, page: Page) -> Result<Listing<Device>> {
    let Some(ids) = &filter.ids else { return list_among(db, filter, &[], page).await };
    let after = page.after.map(|cursor| cursor.0);
    let mut ids: Vec<DeviceId> = ids.iter().copied().filter(|id| after.is_none_or(|after| id.uuid() < after)).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let mut found = Listing { items: Vec::new(), next: None };
    let limit = page.limit.max(1) as usize;
    for some in ids.chunks(AT_ONCE) {
        let rest = Page { after: None, limit: u32::try_from(limit - found.items.len()).unwrap_or(page.limit) };
        let more = list_among(db, filter, some, rest).await?;
        found.items.extend(more.items);
        if found.items.len() >= limit {
            let last = found.items.last().filter(|last| ids.last() != Some(&last.id));
            found.next = last.map(|last| Cursor(last.id.uuid()));
            break;
        }
    }
    Ok(found)
}

/// How many ids one statement names.
const AT_ONCE: usize = 500;

async fn list_among(db: &mut Db, filter: &DeviceFilter, ids: &[DeviceId], page: Page) -> Result<Listing<Device>> {
    let select = TABLE
        .select_with(db, CREDENTIAL)?
        .one_of("driver_id", filter.driver_ids.iter().copied().map(Value::from).collect())
        .is("vehicle_id", filter.vehicle_id)
        .is("identifier", filter.identifier.as_ref())
        .is("disabled", filter.disabled)
        .one_of("id", ids.iter().copied().map(Value::from).collect());
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// The devices that a driver carries, oldest first.
pub async fn list_of_driver(db: &mut Db, driver_id: DriverId) -> Result<Vec<Device>> {
    TABLE.select_with(db, CREDENTIAL)?.is("driver_id", Some(driver_id)).ordered(db, "id", read).await
}

/// Changes a device; `has_credential` is not written.
pub async fn update(db: &mut Db, device: &Device) -> Result<bool> {
    TABLE.update(db, device.id, device.tenant_id, device.version, values(device)).await
}

/// Removes a device and its state, and notes that its positions have to go, too (see [`crate::erasures`]); false when
/// there is none. To be called in a transaction.
pub async fn delete(db: &mut Db, id: DeviceId) -> Result<bool> {
    if !TABLE.delete(db, id).await? {
        return Ok(false);
    }
    let sql = "INSERT INTO erasures (tenant_id, device_id, erased) VALUES ($1, $2, FALSE)";
    db.run(sql, args![db.tenant()?, id]).await?;
    Ok(true)
}

/// Sets the hash of the credential, or takes it away: a change of the device like any other. False when there is no such
/// device.
pub async fn set_credential_hash(db: &mut Db, id: DeviceId, hash: Option<&[u8]>, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE devices SET credential_hash = $3, updated_at = $4, version = version + 1 \
               WHERE tenant_id = $1 AND id = $2";
    Ok(db.run(sql, args![db.tenant()?, id, hash, at]).await? > 0)
}

//! The first stage: which device a row is from, whether the caller may speak for it, and whether its numbers can be true.

use std::sync::Arc;

use tracklane_core::id::DeviceId;
use tracklane_core::model::{Caller, Role};
use tracklane_core::position::{Fix, Mark, Point, Position};
use tracklane_core::time::to_micros;
use tracklane_core::{Invalid, Timestamp};

use super::turn::Row;
use super::{DeviceRef, Incoming, KnownDevice};
use crate::check;
use crate::error::{Error, Result};
use crate::tracking::Memory;

/// Refuses callers who send no positions.
pub(super) fn must_send(caller: &Caller) -> Result<()> {
    match caller.role {
        Role::Admin | Role::Operator | Role::Driver | Role::Device => Ok(()),
        Role::Viewer | Role::Customer => Err(Error::Forbidden),
    }
}

/// Makes a row of the pipeline out of a row as it came in; `before` knows where those before it in its submission say that a
/// device is.
///
/// # Errors
/// The rules that it breaks.
pub(super) fn receive(
    memory: &Memory,
    caller: &Caller,
    row: Incoming,
    now: Timestamp,
    before: impl Fn(DeviceId) -> Option<Point>,
) -> Result<Row, Invalid> {
    let device = device(memory, caller, &row.device)?;
    if device.disabled {
        return Err(Invalid::one("/device", "the device is disabled"));
    }
    if device.driver_id.is_some_and(|driver| !memory.devices.on_duty(driver)) {
        return Err(Invalid::one("/device", "the driver is off duty: positions are not taken"));
    }
    let (fix, mark) = match row.fix {
        Some(fix) => (fix, None),
        None => (last_place(memory, &device, before)?, Some(Mark::NoFix)),
    };
    let position = Position {
        tenant_id: device.tenant_id,
        device_id: device.device_id,
        fix_time: to_micros(row.fix_time.unwrap_or(now)),
        received_at: now,
        fix: Fix { point: as_kept(fix.point), ..fix },
        attributes: row.attributes,
        mark,
    };
    position.check()?;
    if !position.attributes.is_empty() {
        let mut invalid = Invalid::default();
        check::metadata(&mut invalid, "/attributes", &position.attributes);
        invalid.into_result()?;
    }
    Ok(Row { position, device })
}

/// Where a device last was, for a message without a fix.
fn last_place(
    memory: &Memory,
    device: &KnownDevice,
    before: impl Fn(DeviceId) -> Option<Point>,
) -> Result<Fix, Invalid> {
    let latest = memory.states.latest(device.device_id).map(|latest| latest.point);
    let latest = latest.or_else(|| before(device.device_id));
    let point = latest.ok_or_else(|| Invalid::one("/lat", "is required until the device has said where it is"))?;
    let valid = false;
    Ok(Fix { point, altitude_m: None, speed_mps: None, course_deg: None, accuracy_m: None, valid })
}

/// A point to 1e-7 degrees (a centimetre), as history keeps it: so that the same positions say the same after a restart.
fn as_kept(point: Point) -> Point {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    Point { lat: round(point.lat), lon: round(point.lon) }
}

/// The device that a row is from. Devices of others are unknown.
pub(super) fn device(memory: &Memory, caller: &Caller, named: &DeviceRef) -> Result<Arc<KnownDevice>, Invalid> {
    let found = match named {
        DeviceRef::Caller => return own_device(memory, caller),
        DeviceRef::Id(id) => memory.devices.by_id(*id),
        DeviceRef::Identifier(identifier) => memory.devices.by_identifier(identifier),
    };
    let mine = |device: &Arc<KnownDevice>| device.tenant_id == caller.tenant_id && may_speak_for(caller, device);
    found.filter(mine).ok_or_else(|| Invalid::one("/device", "no such device"))
}

fn may_speak_for(caller: &Caller, device: &KnownDevice) -> bool {
    match caller.role {
        Role::Admin | Role::Operator => true,
        Role::Device => caller.device_id.is_none_or(|own| own == device.device_id),
        Role::Driver => caller.driver_id.is_some() && caller.driver_id == device.driver_id,
        Role::Viewer | Role::Customer => false,
    }
}

fn own_device(memory: &Memory, caller: &Caller) -> Result<Arc<KnownDevice>, Invalid> {
    let by_id = |id: DeviceId| memory.devices.by_id(id).filter(|device| device.tenant_id == caller.tenant_id);
    let found = match (caller.device_id, caller.driver_id) {
        (Some(id), _) => by_id(id),
        (None, Some(driver)) => carried(memory, caller, driver),
        (None, None) => return Err(Invalid::one("/device", "is required")),
    };
    found.ok_or_else(|| Invalid::one("/device", "no such device"))
}

/// The device of a driver: the oldest that may send.
fn carried(memory: &Memory, caller: &Caller, driver: tracklane_core::id::DriverId) -> Option<Arc<KnownDevice>> {
    let devices = memory.devices.of_driver(driver).into_iter();
    devices
        .filter(|device| device.tenant_id == caller.tenant_id && !device.disabled)
        .min_by_key(|device| device.device_id)
}

//! The first stage: which device a row is from, whether the caller may speak for it, and whether its numbers can be true.

use std::sync::Arc;

use serde_json::Value;
use tracklane_core::id::{DeviceId, DriverId, Id as _, TenantId};
use tracklane_core::model::{Caller, Role};
use tracklane_core::position::{Attributes, Fix, Mark, Point, Position};
use tracklane_core::time::to_micros;
use tracklane_core::{Invalid, Timestamp, sensor};
use tracklane_store::has_nul;

use super::registry::Devices;
use super::turn::Row;
use super::{DeviceRef, Incoming, KnownDevice};
use crate::check;
use crate::error::{Error, Result};

/// Refuses callers who send no positions.
pub(super) fn must_send(caller: &Caller) -> Result<()> {
    match caller.role {
        Role::Admin | Role::Operator | Role::Driver | Role::Device => Ok(()),
        Role::Viewer | Role::Customer => Err(Error::Forbidden),
    }
}

/// Makes a row of the pipeline out of a row as it came in, the `index`-th of its submission; `last` knows where a device last
/// was, for a message without a fix.
///
/// # Errors
/// All rules that it breaks.
pub(super) fn receive(
    devices: &mut Devices<'_>,
    caller: &Caller,
    (index, row): (usize, Incoming),
    now: Timestamp,
    last: impl FnOnce(DeviceId) -> Option<Point>,
) -> Result<Row, Invalid> {
    let Sender { tenant_id, device_id, driver_id, max_speed_mps } = match sender(devices, caller, &row.device) {
        Ok(sender) => sender,
        Err(invalid) => return Err(and_more(invalid, caller, row, now)),
    };
    let (fix, mark, nowhere) = match row.fix {
        Some(fix) => (fix, None, false),
        None => {
            let last = devices.without(|| last(device_id));
            let point = last.or_else(|| raises(&row.attributes).then_some(NOWHERE));
            let Some(point) = point else {
                let invalid = Invalid::one("/lat", "is required until the device has said where it is");
                return Err(and_more(invalid, caller, row, now));
            };
            (fix_at(point), Some(Mark::NoFix), last.is_none())
        }
    };
    let position = Position {
        tenant_id,
        device_id,
        fix_time: to_micros(row.fix_time.unwrap_or(now)),
        received_at: now,
        fix: Fix { point: as_kept(fix.point), ..fix },
        attributes: without_nul(row.attributes),
        mark,
    };
    check_numbers(&position)?;
    Ok(Row { position, driver_id, max_speed_mps, index, nowhere })
}

/// A device that may send.
struct Sender {
    tenant_id: TenantId,
    device_id: DeviceId,
    driver_id: Option<DriverId>,
    max_speed_mps: Option<f32>,
}

fn sender(devices: &mut Devices<'_>, caller: &Caller, named: &DeviceRef) -> Result<Sender, Invalid> {
    let KnownDevice { device_id, tenant_id, driver_id, max_speed_mps, disabled, .. } =
        **device(devices, caller, named)?;
    if disabled {
        return Err(Invalid::one("/device", "the device is disabled"));
    }
    if driver_id.is_some_and(|driver| !devices.on_duty(driver)) {
        return Err(Invalid::one("/device", "the driver is off duty: positions are not taken"));
    }
    Ok(Sender { tenant_id, device_id, driver_id, max_speed_mps })
}

/// What a row breaks besides: what its numbers say is wrong whoever it is from.
fn and_more(mut invalid: Invalid, caller: &Caller, row: Incoming, now: Timestamp) -> Invalid {
    let position = Position {
        tenant_id: caller.tenant_id,
        // Of nobody: no rule asks for it.
        device_id: DeviceId::from_uuid(caller.tenant_id.uuid()),
        fix_time: to_micros(row.fix_time.unwrap_or(now)),
        received_at: now,
        fix: row.fix.unwrap_or(fix_at(NOWHERE)),
        attributes: row.attributes,
        mark: None,
    };
    if let Err(more) = check_numbers(&position) {
        invalid.nest("", more);
    }
    invalid
}

/// No database keeps U+0000 in a text: the character that stands for what cannot be shown takes its place.
fn without_nul(attributes: Attributes) -> Attributes {
    fn clean(value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(text.replace('\0', "\u{fffd}")),
            Value::Array(items) => Value::Array(items.into_iter().map(clean).collect()),
            Value::Object(fields) => Value::Object(without_nul(fields)),
            other => other,
        }
    }
    if !attributes.iter().any(|(name, value)| name.contains('\0') || has_nul(value)) {
        return attributes;
    }
    attributes.into_iter().map(|(name, value)| (name.replace('\0', "\u{fffd}"), clean(value))).collect()
}

fn check_numbers(position: &Position) -> Result<(), Invalid> {
    let mut invalid = position.check().err().unwrap_or_default();
    if !position.attributes.is_empty() {
        check::metadata(&mut invalid, "/attributes", &position.attributes);
    }
    invalid.into_result()
}

/// True when a message says that something is wrong: that is told though nobody knows where.
fn raises(attributes: &Attributes) -> bool {
    !sensor::alarms(attributes).is_empty()
}

/// Stands for the place of a device that never said where it is. Nothing keeps it.
const NOWHERE: Point = Point { lat: 0.0, lon: 0.0 };

/// What stands for the fix of a message without one: where its device last was.
fn fix_at(point: Point) -> Fix {
    Fix { point, altitude_m: None, speed_mps: None, course_deg: None, accuracy_m: None, valid: false }
}

/// A point to 1e-7 degrees (a centimetre), as history keeps it: so that the same positions say the same after a restart.
fn as_kept(point: Point) -> Point {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    Point { lat: round(point.lat), lon: round(point.lon) }
}

/// The device that a row is from. Devices of others are unknown.
pub(super) fn device<'a>(
    devices: &'a Devices<'_>,
    caller: &Caller,
    named: &DeviceRef,
) -> Result<&'a Arc<KnownDevice>, Invalid> {
    let found = match named {
        DeviceRef::Caller => return own_device(devices, caller),
        DeviceRef::Id(id) => devices.by_id(*id),
        DeviceRef::Identifier(identifier) => devices.by_identifier(identifier),
    };
    let mine = |device: &&Arc<KnownDevice>| device.tenant_id == caller.tenant_id && may_speak_for(caller, device);
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

fn own_device<'a>(devices: &'a Devices<'_>, caller: &Caller) -> Result<&'a Arc<KnownDevice>, Invalid> {
    let by_id = |id: DeviceId| devices.by_id(id).filter(|device| device.tenant_id == caller.tenant_id);
    let found = match (caller.device_id, caller.driver_id) {
        (Some(id), _) => by_id(id),
        (None, Some(driver)) => carried(devices, caller, driver),
        (None, None) => return Err(Invalid::one("/device", "is required")),
    };
    found.ok_or_else(|| Invalid::one("/device", "no such device"))
}

/// The device of a driver: the oldest that may send.
fn carried<'a>(devices: &'a Devices<'_>, caller: &Caller, driver: DriverId) -> Option<&'a Arc<KnownDevice>> {
    devices
        .of_driver(driver)
        .filter(|device| device.tenant_id == caller.tenant_id && !device.disabled)
        .min_by_key(|device| device.device_id)
}

//! Positions of couriers and drivers. The source systems know no devices: a courier who carries none gets one, which
//! nobody can use but through these endpoints.

use serde::Serialize;
use tracklane_api_types::RowOutcome as Told;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::{Caller, Role};
use tracklane_core::position::{Attributes, Fix};
use tracklane_engine::Error;
use tracklane_engine::tracking::{DeviceRef, Incoming, RowOutcome};

use super::{Ctx, renamed};
use crate::App;
use crate::limits::Key;
use crate::problem::{Kind, Problem, Result};

/// Their names of our fields.
const NAMES: &[(&str, &str)] = &[
    ("/lat", "/latitude"),
    ("/lon", "/longitude"),
    ("/fix_time", "/timestamp"),
    ("/speed_mps", "/speed"),
    ("/course_deg", "/heading"),
    ("/accuracy_m", "/accuracy"),
    ("/altitude_m", "/altitude"),
];

/// What became of a position.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct LocationAnswer {
    /// `accepted`, `duplicate` (known already) or `late` (history, not "now"). Durable in each case.
    pub outcome: Told,
}

/// Keeps where a courier is. None stands for the caller, who then is a courier or a device.
///
/// # Errors
/// `invalid-input`, `forbidden` for others than oneself, `quota-exceeded`.
pub async fn keep(
    app: &App,
    context: &Ctx,
    caller: &Caller,
    courier: Option<DriverId>,
    fix: Fix,
    at: Option<Timestamp>,
) -> Result<LocationAnswer> {
    let courier = courier.or(caller.driver_id);
    let (device, key) = match courier {
        Some(courier) => {
            may_speak_for(caller, courier)?;
            (DeviceRef::Id(device_of(app, caller, courier).await?), Key::DriverPositions(courier))
        }
        None => match caller.device_id {
            Some(device) => (DeviceRef::Caller, Key::DevicePositions(device)),
            None => return Err(Problem::invalid("#/courier_id", "is required")),
        },
    };
    context.note_limit(app.limits.position(key, app.env.now())?);
    let row = Incoming { device, fix_time: at, fix, attributes: Attributes::new() };
    let outcome = match app.engine.tracking.submit_one(caller, row).await? {
        RowOutcome::Accepted => Told::Accepted,
        RowOutcome::Duplicate => Told::Duplicate,
        RowOutcome::Late => Told::Late,
        RowOutcome::Marked(_) => Told::Marked,
        RowOutcome::Rejected(invalid) => return Err(renamed(Error::Invalid(invalid), NAMES)),
    };
    Ok(LocationAnswer { outcome })
}

fn may_speak_for(caller: &Caller, courier: DriverId) -> Result<()> {
    let may = match caller.role {
        Role::Admin | Role::Operator => true,
        Role::Driver => caller.driver_id == Some(courier),
        Role::Device | Role::Viewer | Role::Customer => false,
    };
    if may { Ok(()) } else { Err(Problem::new(Kind::Forbidden, "couriers send their own positions only")) }
}

/// The device whose positions are the courier's: the first of those they carry, or a new one.
async fn device_of(app: &App, caller: &Caller, courier: DriverId) -> Result<DeviceId> {
    let us = Caller::system(caller.tenant_id);
    let device = app.engine.tracking.device_of_driver(&us, courier).await.map_err(|error| match error {
        Error::NotFound => Problem::invalid("#/courier_id", "there is no such courier"),
        other => other.into(),
    })?;
    Ok(device.device_id)
}

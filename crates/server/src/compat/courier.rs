//! Positions of couriers and drivers. The source systems know no devices: a courier who carries none gets one, which
//! nobody can use but through these endpoints.

use serde::{Deserialize, Serialize};
use tracklane_api_types::RowOutcome as Told;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::{Caller, Role};
use tracklane_core::position::{Attributes, Fix, Point};
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

/// Where a courier is. Both systems use the same words.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourierLocation {
    /// Who; couriers leave it out or name themselves, and where the path says who it is left out. `driver_id` and
    /// `driverId` are synonyms.
    #[serde(default, alias = "driver_id", alias = "driverId")]
    pub courier_id: Option<DriverId>,
    /// Latitude in degrees, -90 to 90; `lat` is a synonym.
    #[serde(alias = "lat")]
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: f64,
    /// Longitude in degrees, -180 to 180; `lng` and `lon` are synonyms.
    #[serde(alias = "lng", alias = "lon")]
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: f64,
    /// When; now when left out.
    #[serde(default)]
    pub timestamp: Option<Timestamp>,
    /// Speed in metres per second, 0 to 500.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 500)]
    pub speed: Option<f32>,
    /// Course in degrees clockwise from north, 0 to 360; `bearing` is a synonym.
    #[serde(default, alias = "bearing")]
    #[schema(minimum = 0, maximum = 360)]
    pub heading: Option<f32>,
    /// Radius of 68 % confidence in metres, 0 to 1,000,000.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub accuracy: Option<f32>,
}

impl CourierLocation {
    fn fix(&self) -> Fix {
        Fix {
            point: Point { lat: self.latitude, lon: self.longitude },
            altitude_m: None,
            speed_mps: self.speed,
            course_deg: self.heading,
            accuracy_m: self.accuracy,
            valid: true,
        }
    }
}

/// What became of a position.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct LocationAnswer {
    /// `accepted`, `duplicate` (known already), `late` (history, not "now") or `marked` (not believed). Durable in each
    /// case.
    pub outcome: Told,
}

/// Keeps where a courier is: the one of the path, the one that is named, or the caller, who then is a courier or a device.
///
/// # Errors
/// `invalid-input`, `forbidden` for others than oneself, `quota-exceeded`.
pub async fn keep(
    app: &App,
    context: &Ctx,
    caller: &Caller,
    of_path: Option<DriverId>,
    location: &CourierLocation,
) -> Result<LocationAnswer> {
    if of_path.is_some() && location.courier_id.is_some() && of_path != location.courier_id {
        return Err(Problem::invalid("#/courier_id", "must be the one of the path, or left out"));
    }
    let courier = of_path.or(location.courier_id).or(caller.driver_id);
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
    context.note_limit(app.limits.position(key, app.env.now()).await?);
    let row =
        Incoming { device, fix_time: location.timestamp, fix: Some(location.fix()), attributes: Attributes::new() };
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

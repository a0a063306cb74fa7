//! GPS fixes: what a decoder reads, what the pipeline carries, what history keeps.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, TenantId};
use crate::invalid::Invalid;
use crate::time::Timestamp;

/// Free attributes of a message: battery, ignition, odometer, alarms, whatever the device says.
pub type Attributes = serde_json::Map<String, serde_json::Value>;

/// A point on the WGS 84 ellipsoid, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Point {
    /// Latitude, -90 to 90.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Longitude, -180 to 180.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
}

impl Point {
    /// Checks that both coordinates are finite and in range.
    ///
    /// # Errors
    /// Names each coordinate that is not.
    pub fn check(self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.require((-90.0..=90.0).contains(&self.lat), "/lat", "must be a finite number from -90 to 90");
        invalid.require((-180.0..=180.0).contains(&self.lon), "/lon", "must be a finite number from -180 to 180");
        invalid.into_result()
    }
}

/// One fix as a device states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// Where.
    pub point: Point,
    /// Height above the ellipsoid or the sea, in metres.
    pub altitude_m: Option<f32>,
    /// Speed over ground, in metres per second.
    pub speed_mps: Option<f32>,
    /// Course over ground, in degrees clockwise from north, 0 up to but not including 360.
    pub course_deg: Option<f32>,
    /// Radius of 68 % confidence, in metres.
    pub accuracy_m: Option<f32>,
    /// False when the device itself says that the fix is not to be trusted.
    pub valid: bool,
}

/// What a protocol decoder reads out of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How the device names itself (IMEI, user name, free id); empty when the message does not say.
    pub device: String,
    /// What kind of message this is: `position`, or the protocol's own word for one without a position.
    pub kind: String,
    /// When the fix was taken; none when the device does not say (then the time of receipt stands in).
    pub time: Option<Timestamp>,
    /// The fix, if the message carries one.
    pub fix: Option<Fix>,
    /// Everything else the message says.
    pub attributes: Attributes,
}

/// Why a position takes no part in what is computed from positions. It is kept all the same. The closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The message had no fix: where it says to be is where the device last was.
    NoFix,
    /// The device itself says that the fix is not valid.
    Invalid,
    /// The fix lies at 0, 0, which devices report that know nothing.
    NullIsland,
    /// Software on the phone made the position up.
    Mock,
    /// The stated accuracy is too bad.
    Inaccurate,
    /// It could only be reached at an impossible speed.
    Teleport,
    /// The device stands: the fix differs from where it stands by no more than noise.
    Static,
}

impl Mark {
    /// Every mark, in the order in which the filters look.
    pub const ALL: [Self; 7] =
        [Self::NoFix, Self::Invalid, Self::NullIsland, Self::Mock, Self::Inaccurate, Self::Teleport, Self::Static];

    /// The word of the API, and the label of the metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoFix => "no_fix",
            Self::Invalid => "invalid",
            Self::NullIsland => "null_island",
            Self::Mock => "mock",
            Self::Inaccurate => "inaccurate",
            Self::Teleport => "teleport",
            Self::Static => "static",
        }
    }

    /// The number under which history keeps it, from 1. Numbers are never given to another mark.
    pub fn code(self) -> u8 {
        match self {
            Self::Invalid => 1,
            Self::NullIsland => 2,
            Self::Mock => 3,
            Self::Inaccurate => 4,
            Self::Teleport => 5,
            Self::Static => 6,
            Self::NoFix => 7,
        }
    }

    /// The mark with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.code() == code)
    }
}

/// One fix of a known device, ready for the pipeline and for history.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// Whose device.
    pub tenant_id: TenantId,
    /// Which device.
    pub device_id: DeviceId,
    /// When the fix was taken, by the device's clock.
    pub fix_time: Timestamp,
    /// When we received it.
    pub received_at: Timestamp,
    /// The fix.
    pub fix: Fix,
    /// Everything else the device said.
    pub attributes: Attributes,
    /// Why it takes no part in what is computed from positions; none when it does.
    pub mark: Option<Mark>,
}

/// How far in the future, in seconds, a fix time may lie before it is refused: a device's clock may be a little fast.
pub const FUTURE_TOLERANCE_SECONDS: i64 = 300;

/// The earliest fix time accepted, as Unix seconds: 2000-01-01T00:00:00Z (before that no device of this kind existed).
pub const EARLIEST_FIX_SECONDS: i64 = 946_684_800;

impl Position {
    /// Checks ranges: coordinates, time (from 2000 to five minutes ahead of receipt), speed 0 to 500 m/s,
    /// course 0 to 360, accuracy 0 to 1,000,000 m, altitude -12,000 to 100,000 m.
    ///
    /// # Errors
    /// Names every field that breaks its rule, with the field names of the API.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if let Err(point) = self.fix.point.check() {
            invalid.nest("", point);
        }
        let ahead = self.fix_time.as_second() - self.received_at.as_second();
        invalid.require(
            ahead <= FUTURE_TOLERANCE_SECONDS,
            "/fix_time",
            "must not lie more than 300 seconds in the future",
        );
        invalid.require(
            self.fix_time.as_second() >= EARLIEST_FIX_SECONDS,
            "/fix_time",
            "must not lie before 2000-01-01",
        );
        let mut range = |value: Option<f32>, low: f32, high: f32, pointer: &str, rule: &str| {
            invalid.require(value.is_none_or(|v| (low..=high).contains(&v)), pointer, rule);
        };
        range(self.fix.speed_mps, 0.0, 500.0, "/speed_mps", "must be from 0 to 500 metres per second");
        range(self.fix.course_deg, 0.0, 360.0, "/course_deg", "must be from 0 to 360 degrees");
        range(self.fix.accuracy_m, 0.0, 1_000_000.0, "/accuracy_m", "must be from 0 to 1000000 metres");
        range(self.fix.altitude_m, -12_000.0, 100_000.0, "/altitude_m", "must be from -12000 to 100000 metres");
        invalid.into_result()
    }
}

//! What a zone asks for before it tells an event.

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

/// The longest time that a rule may ask for: a month, in seconds.
const MAX_SECONDS: u32 = 31 * 86_400;

/// The rules of one zone. What is left out has its default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZoneRules {
    /// How far beyond the edge a fix must lie at least to be certainly outside, in metres, 0 to 10,000.
    #[schema(minimum = 0, maximum = 10000)]
    pub band_m: f64,
    /// How deep inside a fix must lie at least to be certainly inside, in metres, 0 to 10,000; for devices that claim to be
    /// more accurate than they are.
    #[schema(minimum = 0, maximum = 10000)]
    pub depth_m: f64,
    /// Neither margin grows with the accuracy beyond this, in metres, 0 to 10,000: stated accuracy cannot be trusted either,
    /// and a device with a bad one must still be able to leave.
    #[schema(minimum = 0, maximum = 10000)]
    pub band_cap_m: f64,
    /// How many accuracies inside the edge a fix must lie to be certainly inside, 0 to 5. In a small zone neither this nor
    /// the depth asks for more than half of the way to its middle.
    #[schema(minimum = 0, maximum = 5)]
    pub enter_certainty: f64,
    /// How many accuracies outside the edge a fix must lie to be certainly outside, 0 to 5.
    #[schema(minimum = 0, maximum = 5)]
    pub exit_certainty: f64,
    /// The accuracy of a fix that states none, in metres, 0 to 10,000.
    #[schema(minimum = 0, maximum = 10000)]
    pub unstated_accuracy_m: f64,
    /// How certain fixes confirm an entry.
    pub enter: Confirm,
    /// How certain fixes confirm an exit.
    pub exit: Confirm,
    /// An entry counts once the device has been inside this long, in seconds; a shorter visit tells nothing.
    #[schema(maximum = 2678400)]
    pub min_dwell_s: u32,
    /// An exit counts once the device has been outside this long, in seconds; a shorter absence tells nothing.
    #[schema(maximum = 2678400)]
    pub min_absence_s: u32,
    /// After so many seconds inside, `zone.dwelled` is told, once per visit; none for never.
    #[schema(maximum = 2678400)]
    pub dwell_s: Option<u32>,
    /// Tells an inferred entry and exit when the way between two fixes leads through the zone.
    pub pass_through: bool,
}

impl Default for ZoneRules {
    /// Two and a half accuracies inwards and outwards, 25 metres at least and 100 at most, and two fixes to confirm. Measured on
    /// 2,880 visits with long walks along the border, under noise of 5 to 20 metres: none missed, no false event, and the
    /// least margins of which that could be said.
    fn default() -> Self {
        Self {
            band_m: 25.0,
            depth_m: 25.0,
            band_cap_m: 100.0,
            enter_certainty: 2.5,
            exit_certainty: 2.5,
            unstated_accuracy_m: 10.0,
            enter: Confirm::fixes(2),
            exit: Confirm::fixes(2),
            min_dwell_s: 0,
            min_absence_s: 0,
            dwell_s: None,
            pass_through: false,
        }
    }
}

impl ZoneRules {
    /// One fix is enough, and on the way in its accuracy is not asked for, as long as it is smaller than the zone.
    pub fn at_once() -> Self {
        Self {
            band_m: 20.0,
            depth_m: 0.0,
            enter_certainty: 0.0,
            exit_certainty: 1.0,
            unstated_accuracy_m: 0.0,
            enter: Confirm::fixes(1),
            exit: Confirm::fixes(1),
            ..Self::default()
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Names each rule that is out of its range.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        for (pointer, metres) in [
            ("/band_m", self.band_m),
            ("/depth_m", self.depth_m),
            ("/band_cap_m", self.band_cap_m),
            ("/unstated_accuracy_m", self.unstated_accuracy_m),
        ] {
            invalid.require((0.0..=10_000.0).contains(&metres), pointer, "must be from 0 to 10000 metres");
        }
        for (pointer, factor) in [("/enter_certainty", self.enter_certainty), ("/exit_certainty", self.exit_certainty)]
        {
            invalid.require((0.0..=5.0).contains(&factor), pointer, "must be from 0 to 5");
        }
        for (pointer, seconds) in [
            ("/enter/seconds", self.enter.seconds),
            ("/exit/seconds", self.exit.seconds),
            ("/min_dwell_s", self.min_dwell_s),
            ("/min_absence_s", self.min_absence_s),
            ("/dwell_s", self.dwell_s.unwrap_or(0)),
        ] {
            invalid.require(seconds <= MAX_SECONDS, pointer, "must be at most 2678400 seconds (31 days)");
        }
        for (pointer, fixes) in [("/enter/fixes", self.enter.fixes), ("/exit/fixes", self.exit.fixes)] {
            invalid.require((1..=100).contains(&fixes), pointer, "must be from 1 to 100");
        }
        invalid.into_result()
    }
}

/// How certain fixes on the other side of the edge confirm each other. A fix on this side, certain or not, begins the count
/// anew; one beyond the edge that is not certain, and one whose accuracy circle is larger than the zone, change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// How many, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub fixes: u8,
    /// Over how many seconds, from the first to the last of them.
    #[serde(default)]
    #[schema(maximum = 2678400)]
    pub seconds: u32,
    /// Whether both are needed.
    #[serde(default)]
    pub need: Need,
}

/// Whether the number of fixes and the time are both needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Both.
    #[default]
    Both,
    /// One of them is enough.
    Either,
}

impl Confirm {
    /// So many fixes, over any time.
    pub fn fixes(fixes: u8) -> Self {
        Self { fixes, seconds: 0, need: Need::Both }
    }

    /// True when `fixes` over `micros` microseconds are enough.
    pub fn met(self, fixes: u8, micros: i64) -> bool {
        let (count, time) = (fixes >= self.fixes, micros >= i64::from(self.seconds) * 1_000_000);
        match self.need {
            Need::Both => count && time,
            Need::Either => count || time,
        }
    }
}

/// The speed limit of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeedLimit {
    /// Metres per second, above 0 up to 500.
    #[schema(exclusive_minimum = 0, maximum = 500)]
    pub limit_mps: f32,
    /// How many seconds one must go faster before it counts, 0 to 86,400.
    #[serde(default)]
    #[schema(maximum = 86400)]
    pub for_s: u32,
}

impl SpeedLimit {
    /// Checks both ranges.
    ///
    /// # Errors
    /// Names what is out of its range.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let fits = self.limit_mps > 0.0 && self.limit_mps <= 500.0;
        invalid.require(fits, "/limit_mps", "must be above 0 and at most 500 metres per second");
        invalid.require(self.for_s <= 86_400, "/for_s", "must be at most 86400 seconds");
        invalid.into_result()
    }
}

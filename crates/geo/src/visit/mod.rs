//! Visits: when does a device enter, dwell in and leave a zone, under rules that each zone sets for itself?
//!
//! A fix is *certain* about a zone when it lies further from the edge than its accuracy, in one direction or the other; the
//! others are *undecided* and prove nothing. Certain fixes must confirm each other, a visit must last, and so must an
//! absence: only then an event is told, dated to where the way between the fixes cuts the edge.
//!
//! - [`Rules`]: what a zone asks for;
//! - [`step`]: one fix against one zone, with the [`Decision`] that says why there was or was not an event;
//! - [`Visits`]: one device against all zones, with the check for impossible jumps and for zones passed through;
//! - [`Window`]: where to go back to when a late fix turns up;
//! - [`replay()`]: a whole track at once, the reference for everything above;
//! - [`amend()`]: what to tell once a way was done again;
//! - [`Visits::speed`]: how fast one may go in it.
//!
//! Fixes of a device must come in the order of their time; a late one is answered by doing its track again from before it.

mod amend;
mod decision;
mod fix;
mod machine;
pub mod replay;
mod set;
mod speed;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use amend::{Amended, Told, amend};
pub use decision::{Decision, Held, Outcome, Side};
pub use fix::ZoneFix;
pub use machine::{explain, step};
pub use replay::replay;
pub use set::{Taken, Travel, UnknownForm, Visits};
pub use speed::{SpeedLimit, TooFast};
pub use state::Visit;
pub use tracklane_core::model::{Confirm, Need, ZoneRules as Rules};
pub use window::{Place, Window};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

/// What happened between a device and a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VisitEvent)]
pub enum EventKind {
    /// It went in.
    Enter,
    /// It has been in for as long as the rules ask; once per visit.
    Dwell,
    /// It went out.
    Exit,
}

/// One event of one zone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When: where the way cuts the edge, or when the time to dwell was full.
    pub at: Timestamp,
    /// Where, likewise.
    pub point: Point,
    /// The time of the fix that proved it, `at` or later.
    pub proved_at: Timestamp,
    /// Since when the device had been inside; none for an entry, and when nobody saw it go in.
    pub since: Option<Timestamp>,
    /// True when no fix lay in the zone: the way between two fixes leads through it.
    pub inferred: bool,
}

/// The events of one fix and one zone, in order of time.
pub type Events = SmallVec<[Event; 2]>;

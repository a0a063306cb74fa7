//! From a fix to a milestone: the position pipeline. Its stages are one list, in `pipeline`.

mod alarms;
mod checkpoint;
mod dedupe;
mod expected;
mod filter;
mod memory;
mod mend;
mod pass;
mod persist;
mod pipeline;
mod presence;
mod provision;
mod questions;
mod receive;
mod recorder;
mod registry;
mod rows;
mod service;
mod states;
mod stats;
mod trips;
mod turn;
mod watch;
mod zone_history;
mod zones;

pub(crate) use memory::Memory;
pub(crate) use questions::devices_in;
pub use questions::{Area, AreaPlace, Movements, Reading, Readings, Visitor, Visitors, ZoneOccupant};
pub use registry::KnownDevice;
pub use rows::{DeviceRef, Incoming, LatestFilter, RowOutcome};
pub use service::{Sizes, Tracking};
pub use stats::{Latency, Snapshot, Stats};
pub use tracklane_core::bounds::BoundingBox;
pub(crate) use watch::{WatchedLeg, since};
pub use zone_history::{ExplainedEvent, ExplainedFix, VisitsQuery, ZoneExplanation, ZoneVisit, ZoneVisits};
pub(crate) use zones::ZoneKey;

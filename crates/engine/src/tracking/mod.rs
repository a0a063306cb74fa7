//! From a fix to a milestone: the position pipeline. Its stages are one list, in `pipeline`.

mod memory;
mod registry;
mod rows;
mod service;
mod stats;
mod watch;
mod zones;

pub(crate) use memory::Memory;
pub use registry::KnownDevice;
pub use rows::{BoundingBox, DeviceRef, Incoming, LatestFilter, RowOutcome};
pub use service::Tracking;
pub use stats::{Latency, Snapshot, Stats};

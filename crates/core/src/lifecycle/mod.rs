//! Statuses, reasons, legal transitions, facts, and the fold that turns facts into a status.
//!
//! The one idea: a shipment's status is a pure function of its facts, by when they happened, not by when they arrived.

mod fact;
mod fold;
mod reason;
mod status;
mod transition;

pub use fact::{Actor, EventFlags, FactKind, Place, SourceKind, TrackingEvent};
pub use fold::{DEFAULT_GRACE_SECONDS, FirstEntry, FoldRules, ShipmentState, fold};
pub use reason::{Fault, Reason};
pub use status::Status;
pub use transition::{IllegalTransition, check_manual, legal_next};

//! The rules of Tracklane, pure: no I/O, no clock, no randomness.
//!
//! - [`bounds`]: a rectangle on the map;
//! - [`id`]: typed, time-ordered ids with a prefixed text form;
//! - [`time`]: the two clocks of a fact, and the ports for time and randomness;
//! - [`model`]: the records (tenant, customer, shipment, driver, zone, ...);
//! - [`lifecycle`]: statuses, reasons, legal transitions and the fold that turns facts into a status;
//! - [`milestone`]: which zone membership moves a fleet leg forward;
//! - [`position`]: GPS fixes;
//! - [`sensor`]: what devices measure and call, under one name each;
//! - [`event`]: what the event log says to everybody who must be told;
//! - [`cloudevent`]: the same, for other systems;
//! - [`ports`]: the traits that adapters implement;
//! - [`invalid`]: how bad input is described, field by field.

pub mod bounds;
pub mod cloudevent;
pub mod event;
pub mod id;
pub mod invalid;
pub mod lifecycle;
pub mod milestone;
pub mod model;
pub mod ports;
pub mod position;
pub mod sensor;
pub mod time;

pub use invalid::{FieldError, Invalid};
pub use time::{Env, Timestamp};

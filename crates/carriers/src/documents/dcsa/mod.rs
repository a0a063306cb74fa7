//! DCSA Track & Trace: events of 2.2 in and out, of 3.0 (which stayed a beta) in.
//!
//! What is planned (PLN) or estimated (EST) is an estimate and moves nothing; only what is actual (ACT) is an event. Moves of
//! empty equipment say nothing about the goods and are notes. A retraction of 3.0 names the event that it takes back.

mod codes;
mod read;
mod write;

pub use codes::{EQUIPMENT, SHIPMENT, TRANSPORT};
pub use read::read;
pub use write::{Envelope, write};

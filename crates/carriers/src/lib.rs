//! Carriers and business documents, without I/O: tracking numbers and whose they may be, what to ask a carrier, and what
//! its answer says in our words.
//!
//! Everything here is a function of its input. Asking over HTTP, keeping and telling are the engine's.

pub mod documents;
pub mod numbers;
pub mod report;

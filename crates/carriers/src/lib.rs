//! Carriers and business documents, without I/O: tracking numbers and whose they may be, what to ask a carrier, and what
//! its answer says in our words.
//!
//! - [`numbers`]: whose a tracking number may be, and why;
//! - [`carriers`]: the registry of carriers: what to ask, and what the answer says;
//! - [`documents`]: X12, EDIFACT, EPCIS and DCSA, in and out;
//! - [`report`]: the one shape that carriers and documents report in;
//! - [`samples`]: answers of every carrier, to try things on;
//! - [`time`]: times as sources write them, with how sure they are.
//!
//! Everything here is a function of its input. Asking over HTTP, keeping and telling are the engine's.

mod answer;
pub mod carriers;
mod code;
pub mod documents;
mod error;
pub mod numbers;
pub mod report;
mod request;
pub mod samples;
pub mod time;
mod tree;
mod zones;

pub use answer::{Answer, Parsed, Problem};
pub use code::{Code, Means};
pub use error::CarrierError;
pub use request::{Ask, AskError, Auth, Body, Credential, Credentials, Method, Number, Request, TokenRequest};
pub use tree::MAX_BODY;

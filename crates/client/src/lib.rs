//! The Rust SDK of Tracklane: typed calls, retries that do nothing twice, lists that page themselves, and the check of
//! webhook signatures.
//!
//! - [`Client`]: one server, one caller;
//! - [`requests`]: what callers say when they make something;
//! - [`webhook`]: for those who receive webhooks;
//! - [`Error`]: what went wrong, as the server said it.

mod api;
mod error;
mod pages;
pub mod requests;
mod transport;
pub mod webhook;

pub use api::{CreatedApiKey, EventView, LinkAnswer, SecretAnswer, ShipmentChange, ShipmentDetail};
pub use error::Error;
pub use transport::{Client, RetryPolicy};

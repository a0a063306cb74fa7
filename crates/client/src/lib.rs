//! The Rust SDK of Tracklane: typed calls, retries that do nothing twice, lists that page themselves, and the check of
//! webhook signatures.
//!
//! - [`Client`]: one server, one caller;
//! - [`webhook`]: for those who receive webhooks;
//! - [`Error`] and [`Problem`]: what went wrong, as the server said it.

mod error;
mod pages;
mod transport;
pub mod webhook;

pub use error::{Error, Problem};
pub use pages::Page;
pub use transport::{Client, RetryPolicy};

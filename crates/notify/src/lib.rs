//! Notification channels: how somebody who must be told is told. A leaf: it knows the vocabulary of the core and nobody
//! else; when to tell whom is the engine's business.
//!
//! - [`webhook`]: signed HTTP calls to a tenant's endpoints.

mod error;
pub mod webhook;

pub use error::Error;

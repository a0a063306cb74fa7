//! The application: what happens, in order. Knows the ports and the store; never a carrier, a channel or HTTP.
//!
//! - [`records`]: customers, locations, drivers, vehicles, devices, zones, tenants;
//! - [`shipments`]: facts in, status out;
//! - [`tracking`]: the position pipeline, from a fix to a milestone;
//! - [`dispatch`]: who could carry it;
//! - [`access`]: who may come in;
//! - [`webhooks`], [`live`] and [`sinks`]: everybody is told;
//! - [`moving`]: from the data folder to PostgreSQL;
//! - [`retention`]: for how long positions are kept;
//! - [`log`]: what happened, to be read again;
//! - [`idempotency`]: requests that are sent again;
//! - [`secrets`]: the installation's keys.
//!
//! [`Engine::start`] puts them together. Every call takes the [`Caller`](tracklane_core::model::Caller), which fixes the
//! tenant and narrows what the narrow roles see.

pub mod access;
mod base;
mod by_id;
mod check;
pub mod dispatch;
mod engine;
mod error;
mod follow;
pub mod idempotency;
mod lease;
pub mod live;
pub mod log;
pub mod moving;
mod offline;
pub mod records;
pub mod retention;
pub mod secrets;
mod settings;
mod shared;
pub mod shipments;
pub mod sinks;
pub mod tracking;
pub mod webhooks;

pub use base::Base;
pub use engine::{Engine, EngineParts, Roles, Scale, StreamParts};
pub use error::{Error, Result};
pub use offline::Offline;
pub use settings::{AlarmSettings, Settings, TrackingLimits, TrackingRules, TrackingSettings};
pub use tracklane_store::{Cursor, Listing, Page};

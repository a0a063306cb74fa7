//! The records of Tracklane, on SQLite or PostgreSQL: the only crate that knows SQL.
//!
//! [`Store`] opens a database; [`Store::read`] and [`Store::begin`] give handles that carry whose rows they may touch
//! ([`Scope`]). There is a module per table, whose functions take a handle:
//!
//! ```text
//! let mut tx = store.begin(Scope::Tenant(id)).await?;
//! store::customers::insert(&mut tx, &customer).await?;
//! tx.commit().await?;
//! ```
//!
//! The rules that all of them follow:
//!
//! - Under [`Scope::Tenant`] every statement is held to that tenant's rows. Functions named `*_any_tenant` need
//!   [`Scope::System`]; all others need a tenant, unless they say otherwise. Records that name their tenant may be added
//!   under either.
//! - `get` answers none for what does not exist *for this tenant*.
//! - `update` takes the record with the version that was read, and answers false when the row is gone or has another
//!   version. The row's version is then one more; `updated_at` is written as given.
//! - Lists are newest first, by id, with a keyset cursor, unless they say otherwise.
//! - Time comes in as a parameter and is kept to the microsecond.

mod address;
pub mod api_keys;
pub mod attempts;
pub mod audit_log;
pub mod changes;
pub mod cursors;
pub mod customers;
mod db;
pub mod device_states;
pub mod devices;
mod dialect;
pub mod drivers;
pub mod ended_sessions;
pub mod endpoints;
pub mod erasures;
mod error;
mod event_zones;
pub mod events;
mod hints;
pub mod idempotency;
pub mod leases;
pub mod legs;
pub mod locations;
pub mod messages;
pub mod meta;
mod migrate;
pub mod movements;
pub mod packages;
mod page;
mod positions;
pub mod recorded;
mod settings;
pub mod shipments;
pub mod signing_keys;
mod stamps;
mod store;
pub mod stream_partitions;
mod table;
pub mod tenants;
pub mod tracking_events;
pub mod tracking_links;
mod transfer;
pub mod users;
pub mod vehicles;
mod words;
pub mod zones;

pub use db::{Db, Scope, Tx, has_nul};
pub use error::{Error, Result};
pub use page::{Cursor, Listing, Page};
pub use positions::{PgHistory, PgStreamedHistory};
pub use settings::Settings;
pub use stamps::Stamps;
pub use store::{Counts, Store};
pub use transfer::{Sum, Transfer, canonical};

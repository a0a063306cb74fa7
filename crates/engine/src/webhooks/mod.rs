//! Webhooks: whom to tell, in which order, how often. How one call is made is the notify crate's business.
//!
//! The [`fanout`] reads the event log and writes a message for each endpoint that wants the event, in one transaction with
//! its place in the log: exactly one message per event and endpoint, whatever happens. The [`delivery`] takes due messages
//! under a lease, so that a restart loses none; a message may arrive twice then, with the same id. The [`recorder`] writes
//! down how attempts ended, many in one transaction.
//!
//! **Order.** The messages of one shipment go to an endpoint one after the other, in the order of the log. One that fails
//! holds the later ones back for its first three attempts (some five minutes); after that they go, and it follows when it
//! can: `sequence` in the body tells a receiver where it belongs. Messages of different shipments wait for nobody.

mod body;
mod delivery;
mod endpoints;
mod fanout;
mod messages;
mod recorder;
mod service;
mod settings;

pub use endpoints::{EndpointSecret, NewEndpoint};
pub use messages::{Replay, Replayed};
pub use service::Webhooks;
pub use settings::WebhookSettings;
pub use tracklane_store::{attempts::AttemptFilter, endpoints::EndpointFilter, messages::MessageFilter};

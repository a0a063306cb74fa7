//! Webhooks: whom to tell, in which order, how often. How one call is made is the notify crate's business.
//!
//! The fan-out reads the event log and writes a message for each endpoint that wants the event, in one transaction with
//! its place in the log: exactly one message per event and endpoint, whatever happens. The delivery takes due messages
//! under a lease, so that a restart loses none; a message may arrive twice then, with the same id.

mod endpoints;
mod messages;
mod service;
mod settings;

pub use endpoints::{EndpointSecret, NewEndpoint};
pub use messages::{Replay, Replayed};
pub use service::Webhooks;
pub use settings::WebhookSettings;
pub use tracklane_store::{attempts::AttemptFilter, endpoints::EndpointFilter, messages::MessageFilter};

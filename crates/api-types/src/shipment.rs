//! What is said about shipments beyond the records and the engine's own inputs and answers.

use serde::{Deserialize, Serialize};
use tracklane_core::event::Event;
use tracklane_core::id::DriverId;
use tracklane_core::model::TrackingLink;

/// Gives the present fleet leg to a driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Who; `courier_id` is accepted as a synonym.
    #[serde(alias = "courier_id")]
    pub driver_id: DriverId,
}

/// A public tracking link with what it is for: the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkView {
    /// The link.
    pub link: TrackingLink,
    /// The token behind `/t/`.
    pub token: String,
    /// The address of the page.
    pub url: String,
}

/// A device's new credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Credential {
    /// The password that the device sends from now on. Shown once.
    pub credential: String,
}

/// One entry of the event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoggedEvent {
    /// Its place in the log: what to send as `after`, or as `Last-Event-ID` of a live stream, to go on behind it.
    #[schema(example = "0-42")]
    pub id: String,
    /// What happened.
    pub event: Event,
}

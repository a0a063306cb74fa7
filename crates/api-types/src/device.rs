//! Devices that were sent away.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;

/// Why a device is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentAway {
    /// No device of the tenant has this identifier.
    Unknown,
    /// The device is disabled.
    Disabled,
    /// The device has a credential, which it did not state, or its protocol has no place for.
    Credential,
}

impl SentAway {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
            Self::Credential => "credential",
        }
    }
}

/// A device that knocked and was sent away, and still would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnknownDevice {
    /// What it speaks.
    pub protocol: String,
    /// How it names itself: what a device is to have as `identifier`, so that it may come in.
    #[schema(max_length = 200)]
    pub identifier: String,
    /// Why.
    pub reason: SentAway,
    /// When it first knocked, since the server started.
    pub first_seen_at: Timestamp,
    /// When it last did.
    pub last_seen_at: Timestamp,
    /// How often.
    pub count: u64,
}

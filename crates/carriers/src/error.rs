//! What goes wrong between a carrier and us, as values.

use serde::Serialize;

/// Why there is no report, and so what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CarrierError {
    /// The carrier does not accept our credentials: ask nothing more until they are changed.
    #[error("the carrier does not accept the credentials: {detail}")]
    Unauthorised {
        /// The carrier's words.
        detail: String,
    },
    /// The carrier does not know the number, or not yet: ask again later.
    #[error("the carrier does not know the number: {detail}")]
    NotFound {
        /// The carrier's words.
        detail: String,
    },
    /// We asked too often: ask nothing before the time is over.
    #[error("the carrier was asked too often: {detail}")]
    RateLimited {
        /// How long to wait, in seconds, if the carrier says.
        retry_after_seconds: Option<u64>,
        /// The carrier's words.
        detail: String,
    },
    /// The carrier refuses this request: asking the same again does not help.
    #[error("the carrier refuses the request: {detail}")]
    Refused {
        /// The carrier's own code.
        code: Option<String>,
        /// The carrier's words.
        detail: String,
    },
    /// The carrier has a fault of its own: ask again.
    #[error("the carrier has a fault: {detail}")]
    CarrierFault {
        /// The carrier's words.
        detail: String,
    },
    /// The answer cannot be read: keep it, and tell whoever maintains the carrier.
    #[error("the carrier's answer cannot be read: {}{detail}", if at.is_empty() { String::new() } else { format!("{at}: ") })]
    Unreadable {
        /// Where, as a path of names with dots between; empty for the whole answer.
        at: String,
        /// What is wrong.
        detail: String,
    },
}

impl CarrierError {
    pub(crate) fn unreadable(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Unreadable { at: at.into(), detail: detail.into() }
    }

    /// The kind, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorised { .. } => "unauthorised",
            Self::NotFound { .. } => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::Refused { .. } => "refused",
            Self::CarrierFault { .. } => "carrier_fault",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// What a carrier's error code stands for; tables of carriers are made of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorKind {
    Unauthorised,
    NotFound,
    RateLimited,
    Refused,
    CarrierFault,
}

impl ErrorKind {
    /// What a status of HTTP stands for; none when it went well.
    pub(crate) fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => None,
            401 | 403 => Some(Self::Unauthorised),
            404 | 410 => Some(Self::NotFound),
            429 => Some(Self::RateLimited),
            408 | 425 | 500.. => Some(Self::CarrierFault),
            _ => Some(Self::Refused),
        }
    }

    /// The error of this kind.
    pub(crate) fn error(self, code: Option<String>, detail: String) -> CarrierError {
        let detail = match &code {
            Some(code) if !detail.contains(code.as_str()) => format!("{detail} ({code})"),
            _ => detail,
        };
        match self {
            Self::Unauthorised => CarrierError::Unauthorised { detail },
            Self::NotFound => CarrierError::NotFound { detail },
            Self::RateLimited => CarrierError::RateLimited { retry_after_seconds: None, detail },
            Self::Refused => CarrierError::Refused { code, detail },
            Self::CarrierFault => CarrierError::CarrierFault { detail },
        }
    }
}

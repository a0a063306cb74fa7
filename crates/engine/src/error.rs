//! Why the engine did not do what it was asked. The server maps each variant to one HTTP status, in one file.

use tracklane_core::Invalid;
use tracklane_core::lifecycle::IllegalTransition;
use tracklane_core::ports::{HistoryError, StreamError};

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks a rule; each broken rule is named.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Nobody is known under these credentials.
    #[error("unknown credentials")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("not allowed")]
    Forbidden,
    /// There is no such thing that the caller may see.
    #[error("not found")]
    NotFound,
    /// It contradicts what is there; the text says what.
    #[error("{0}")]
    Conflict(String),
    /// The status may not follow the present one.
    #[error(transparent)]
    IllegalTransition(#[from] IllegalTransition),
    /// Somebody else wrote the record in the meantime.
    #[error("the record was changed in the meantime")]
    VersionMismatch,
    /// Too many failed attempts; how many seconds to wait before the next one.
    #[error("too many failed attempts; wait {retry_after_seconds} seconds")]
    Throttled {
        /// In whole seconds, from 1.
        retry_after_seconds: u64,
    },
    /// More work is waiting than the settings allow; try again after a moment.
    #[error("too much work is waiting")]
    Overloaded,
    /// No space is left on the disk.
    #[error("no space is left")]
    Full,
    /// A part that is needed does not answer; the text says which one.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours or of a part below; logged once, never shown to callers.
    #[error("internal fault: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What every engine call answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The answer to a reference at `pointer` that leads nowhere, or to another tenant.
    pub(crate) fn no_such(pointer: &str) -> Self {
        Invalid::one(pointer, "no such record").into()
    }

    /// A fault of ours, described in words.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into().into())
    }
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Full => Self::Full,
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<StreamError> for Error {
    fn from(error: StreamError) -> Self {
        Self::Unavailable(format!("position stream unavailable: {error}"))
    }
}

impl From<tracklane_store::Error> for Error {
    fn from(error: tracklane_store::Error) -> Self {
        use tracklane_store::Error as Store;
        match error {
            Store::NotUnique { constraint } => Self::Conflict(taken(&constraint)),
            Store::ForeignKey => {
                Self::Conflict("something that is referred to is missing, or this is still referred to".to_owned())
            }
            Store::Unavailable(text) => Self::Unavailable(format!("database unavailable: {text}")),
            Store::Full => Self::Full,
            Store::NulCharacter => Self::Invalid(Invalid::one("", "must not hold the character U+0000")),
            other => Self::Internal(Box::new(other)),
        }
    }
}

/// Says which value is taken, from a constraint's name such as `devices_identifier_key`.
fn taken(constraint: &str) -> String {
    let columns = constraint.trim_end_matches("_key").split_once('_').map_or(constraint, |(_, columns)| columns);
    let columns = columns.trim_start_matches("tenant_id_").replace('_', " ");
    format!("another record has the same {columns}")
}

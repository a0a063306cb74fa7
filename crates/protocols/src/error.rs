//! Why a message cannot be read.

/// Why a message cannot be read: which field, which rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No protocol has this name.
    #[error("unknown protocol {given:?}; known are {known}")]
    UnknownProtocol {
        /// What was given.
        given: String,
        /// The names there are.
        known: String,
    },
    /// The text is not what the protocol writes (broken JSON, say).
    #[error("the message is broken: {detail}")]
    Syntax {
        /// What is wrong and where.
        detail: String,
    },
    /// A field breaks a rule.
    #[error("{field} {rule}")]
    Field {
        /// The field, by the protocol's own name; with dots for one inside another.
        field: String,
        /// The rule: "must be ...".
        rule: String,
    },
    /// A field that can have one value is there twice, perhaps under two names.
    #[error("{field} is given twice")]
    Duplicate {
        /// The field.
        field: String,
    },
}

impl DecodeError {
    pub(crate) fn field(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::Field { field: field.into(), rule: rule.into() }
    }

    pub(crate) fn required(field: impl Into<String>) -> Self {
        Self::field(field, "is required")
    }
}

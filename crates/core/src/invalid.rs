//! How bad input is described: which field, which rule. The server turns this into problem+json with JSON pointers.

use serde::{Deserialize, Serialize};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) in fragment form to the field, `#/lat`; `#` for the whole.
    pub pointer: String,
    /// The broken rule, as a sentence that names the limit.
    pub detail: String,
}

/// Input that breaks at least one rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("{}", self.summary())]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// One broken rule at `pointer` (without the leading `#`, as in `/lat`).
    pub fn one(pointer: &str, detail: impl Into<String>) -> Self {
        let mut invalid = Self::default();
        invalid.add(pointer, detail);
        invalid
    }

    /// Adds a broken rule at `pointer` (without the leading `#`).
    pub fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: format!("#{pointer}"), detail: detail.into() });
    }

    /// Adds the broken rule of `check`, if it is broken.
    pub fn require(&mut self, holds: bool, pointer: &str, detail: impl Into<String>) {
        if !holds {
            self.add(pointer, detail);
        }
    }

    /// Everything found by another check, seen from one level up.
    pub fn nest(&mut self, under: &str, inner: Self) {
        for error in inner.0 {
            self.add(&format!("{under}{}", error.pointer.trim_start_matches('#')), error.detail);
        }
    }

    /// `Ok` when nothing was added.
    ///
    /// # Errors
    /// Itself, when something was.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    fn summary(&self) -> String {
        let parts: Vec<_> = self.0.iter().map(|e| format!("{}: {}", e.pointer, e.detail)).collect();
        parts.join("; ")
    }
}

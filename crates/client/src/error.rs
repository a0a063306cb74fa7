//! What can go wrong between us and the server.

use serde::Deserialize;
use tracklane_core::FieldError;

/// The problem document of a refused request (RFC 9457), as far as the client reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// What kind of problem this is, in a few words.
    pub title: String,
    /// What is wrong with this very request.
    pub detail: Option<String>,
    /// The fields that broke a rule.
    pub errors: Vec<FieldError>,
    /// For a refused transition: what would be allowed.
    pub allowed: Vec<String>,
    /// The id of the request in the server's log.
    pub request_id: Option<String>,
}

impl Problem {
    fn summary(&self) -> String {
        let mut text = match (&self.detail, self.title.as_str()) {
            (Some(detail), _) if !detail.is_empty() => detail.clone(),
            (_, "") => format!("HTTP status {}", self.status),
            (_, title) => title.to_owned(),
        };
        for error in &self.errors {
            text.push_str(&format!("\n  {}: {}", error.pointer, error.detail));
        }
        text
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base URL is not an http or https URL.
    #[error("{0:?} is not an http or https URL")]
    BadUrl(String),
    /// The server answered and refused.
    #[error("{}", .0.summary())]
    Problem(Box<Problem>),
    /// No answer: no connection, a broken one, or no answer in time.
    #[error("no answer from {url}: {source}")]
    Unreachable {
        /// What was called.
        url: String,
        /// What the HTTP client says.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is not what the API promises.
    #[error("unexpected answer from {url}: {detail}")]
    Unexpected {
        /// What was called.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The body of the request could not be written.
    #[error("failed to write the request: {0}")]
    Request(#[from] serde_json::Error),
}

impl Error {
    /// The HTTP status, if there was an answer that refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem(problem) => Some(problem.status),
            _ => None,
        }
    }
}

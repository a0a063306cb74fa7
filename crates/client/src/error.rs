//! What can go wrong between us and the server.

use tracklane_api_types::ProblemBody;

/// What the server said, in words for people.
fn summary(problem: &ProblemBody) -> String {
    let mut text = if problem.detail.is_empty() { problem.title.clone() } else { problem.detail.clone() };
    for error in &problem.errors {
        text.push_str("\n  ");
        text.push_str(&error.pointer);
        text.push_str(": ");
        text.push_str(&error.detail);
    }
    text
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base URL is not an http or https URL.
    #[error("{0:?} is not an http or https URL")]
    BadUrl(String),
    /// The server answered and refused.
    #[error("{}", summary(.0))]
    Problem(Box<ProblemBody>),
    /// No answer: no connection, a broken one, or no answer in time.
    #[error("no answer from {url}")]
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

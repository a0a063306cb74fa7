//! A carrier's answer over HTTP, and what was read from it.

use serde::Serialize;
use serde_json::Value;

use crate::error::{CarrierError, ErrorKind};
use crate::report::Report;
use crate::tree;

/// What came back over HTTP.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The content type, as in the header.
    pub content_type: Option<&'a str>,
    /// The `Retry-After` header.
    pub retry_after: Option<&'a str>,
    /// The bytes of the body.
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// An answer that went well, from a file say.
    pub fn ok(body: &'a [u8]) -> Self {
        Self { status: 200, content_type: None, retry_after: None, body }
    }
}

/// What an answer says: reports, and what went wrong about single numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Parsed {
    /// What is known, one report per number.
    pub reports: Vec<Report>,
    /// What went wrong beside that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// What went wrong about one number, or in one part of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The number, if the answer names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What went wrong.
    pub error: CarrierError,
}

impl Parsed {
    pub(crate) fn problem(&mut self, number: Option<String>, error: CarrierError) {
        self.problems.push(Problem { number, error });
    }

    /// The objects of the list at `path`; anything else there is a problem that names its place.
    pub(crate) fn objects<'a>(&mut self, tree: &'a Value, path: &str) -> Vec<&'a Value> {
        let mut found = Vec::new();
        for (place, element) in tree::list(tree, path).into_iter().enumerate() {
            if element.is_object() {
                found.push(element);
            } else {
                let what = kind_of(element);
                self.problem(
                    None,
                    CarrierError::unreadable(format!("{path}.{place}"), format!("must be an object, not {what}")),
                );
            }
        }
        found
    }
}

pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// How a carrier tells errors: where they stand, and what its codes stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorRules {
    /// Where errors may stand: a path to one or a list of them, the code in it, the words in it.
    pub(crate) at: &'static [(&'static str, &'static str, &'static str)],
    /// What codes stand for; a code that ends in `*` stands for all that start so. Others are judged by the HTTP status.
    pub(crate) codes: &'static [(&'static str, ErrorKind)],
}

impl ErrorRules {
    /// The errors that the tree holds.
    pub(crate) fn find(&self, tree: &Value, status: u16) -> Vec<CarrierError> {
        let mut found = Vec::new();
        for (path, code, words) in self.at {
            for element in tree::list(tree, path) {
                let code = tree::text(element, code);
                let words = tree::text(element, words);
                if code.is_none() && words.is_none() {
                    continue;
                }
                let kind =
                    self.kind(code.as_deref()).or_else(|| ErrorKind::of_status(status)).unwrap_or(ErrorKind::Refused);
                found.push(kind.error(code.clone(), words.or(code).unwrap_or_default()));
            }
        }
        found
    }

    /// What a code stands for.
    pub(crate) fn kind(&self, code: Option<&str>) -> Option<ErrorKind> {
        let code = code?;
        let fits = |known: &str| known.strip_suffix('*').map_or(known == code, |start| code.starts_with(start));
        self.codes.iter().find(|(known, _)| fits(known)).map(|(_, kind)| *kind)
    }
}

/// Reads an answer into a tree, or says what its status and its errors mean. Errors beside a good status are found here
/// too, unless `holds` says that the tree has something to read all the same.
pub(crate) fn open(answer: &Answer<'_>, rules: &ErrorRules, holds: fn(&Value) -> bool) -> Result<Value, CarrierError> {
    open_by(answer, &|tree, status| rules.find(tree, status), &holds)
}

/// The same with errors that are found in another way.
pub(crate) fn open_by(
    answer: &Answer<'_>,
    errors: &dyn Fn(&Value, u16) -> Vec<CarrierError>,
    holds: &dyn Fn(&Value) -> bool,
) -> Result<Value, CarrierError> {
    let by_status = ErrorKind::of_status(answer.status);
    let tree = match (tree::read(answer.body, answer.content_type), by_status) {
        (Ok(tree), _) => tree,
        (Err(error), None) => return Err(error),
        // The status says enough; the body of a proxy's error is often no answer of the carrier at all.
        (Err(error), Some(kind)) => {
            let detail = format!("HTTP status {}, {error}", answer.status);
            return Err(with_wait(kind.error(None, detail), answer));
        }
    };
    if by_status.is_none() && holds(&tree) {
        return Ok(tree);
    }
    let told = errors(&tree, answer.status).into_iter().next();
    match (told, by_status) {
        (Some(error), _) => Err(with_wait(error, answer)),
        (None, Some(kind)) => Err(with_wait(kind.error(None, format!("HTTP status {}", answer.status)), answer)),
        (None, None) => Err(CarrierError::unreadable("", "it has nothing that a tracking answer must have")),
    }
}

fn with_wait(error: CarrierError, answer: &Answer<'_>) -> CarrierError {
    match error {
        CarrierError::RateLimited { retry_after_seconds: None, detail } => {
            // A date instead of seconds needs a clock; the caller waits by its own rule then.
            let wait = answer.retry_after.and_then(|text| text.trim().parse().ok());
            CarrierError::RateLimited { retry_after_seconds: wait, detail }
        }
        other => other,
    }
}

//! Where in a document something stands, and what is wrong there.

use std::fmt;

use serde::Serialize;

/// Where in a document something stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum At {
    /// In a document of segments (X12, EDIFACT).
    Segment {
        /// Number of the segment in the file, from 1.
        number: usize,
        /// Number of the segment in its message or transaction set, from 1; 0 outside one.
        in_message: usize,
        /// Its tag, as it stands there.
        tag: Box<str>,
        /// The element, from 1; none for the segment as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        element: Option<usize>,
        /// The component of the element, from 1; none for the element as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        component: Option<usize>,
        /// Offset of the segment, element or component from the start of the file, in bytes.
        byte: usize,
    },
    /// In a document of JSON: a JSON pointer (RFC 6901).
    Pointer {
        /// The pointer, empty for the whole.
        pointer: String,
    },
    /// In a text that does not parse.
    Text {
        /// Offset from the start, in bytes.
        byte: usize,
    },
}

impl At {
    /// The place in JSON.
    pub fn pointer(pointer: impl Into<String>) -> Self {
        Self::Pointer { pointer: pointer.into() }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment { number, tag, element, component, byte, .. } => {
                write!(f, "segment {number} ({tag}")?;
                if let Some(element) = element {
                    write!(f, "{element:02}")?;
                }
                if let Some(component) = component {
                    write!(f, "-{component:02}")?;
                }
                write!(f, "), byte {byte}")
            }
            Self::Pointer { pointer } => write!(f, "#{pointer}"),
            Self::Text { byte } => write!(f, "byte {byte}"),
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// What was meant is clear; the sender should still know.
    Warning,
    /// The part it stands in cannot be used.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The rule that is broken. Acknowledgements have a code for each ([`super::x12`], [`super::edifact`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The file ends in the middle.
    Truncated,
    /// The text is not what the format writes.
    Syntax,
    /// A character that the declared character set does not have.
    Charset,
    /// A kind of document that is not read.
    Unsupported,
    /// A segment that does not belong here.
    UnexpectedSegment,
    /// A segment that must be there is not.
    MissingSegment,
    /// An element that must be there is not.
    MissingElement,
    /// One of two elements must be there, never both.
    Exclusion,
    /// A value that is not allowed here.
    BadValue,
    /// No date.
    BadDate,
    /// No time of day.
    BadTime,
    /// A value longer than the format allows.
    TooLong,
    /// A count that does not agree with what was counted.
    Count,
    /// A control reference of an end that differs from that of its start.
    Control,
    /// More than is read of one document.
    Limit,
    /// A code that no table knows: kept, and no status made of it.
    UnknownCode,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{at}: {text}")]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub at: At,
    /// The rule.
    pub rule: Rule,
    /// The rule and its limit in words, lower case: "must be ...".
    pub text: String,
    /// What stands there, cut to 35 characters; none for what is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Box<str>>,
}

impl Issue {
    /// Something that makes its part unusable.
    pub fn error(at: At, rule: Rule, text: impl Into<String>) -> Self {
        Self { severity: Severity::Error, at, rule, text: text.into(), given: None }
    }

    /// Something that the sender should know and that stops nothing.
    pub fn warning(at: At, rule: Rule, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(at, rule, text) }
    }

    /// The same, with what stands there.
    #[must_use]
    pub fn given(mut self, value: &str) -> Self {
        self.given = Some(value.chars().take(35).collect::<String>().into_boxed_str());
        self
    }
}

/// Issues of one document, kept up to [`Issues::LIMIT`] and counted beyond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Issues {
    /// The first of them, in the order of the document.
    pub list: Vec<Issue>,
    /// How many more there were.
    pub left_out: usize,
    /// How many of all of them were errors.
    pub errors: usize,
}

impl Issues {
    /// How many are kept.
    pub const LIMIT: usize = 200;

    /// Adds one.
    pub fn add(&mut self, issue: Issue) {
        self.errors += usize::from(issue.severity == Severity::Error);
        if self.list.len() < Self::LIMIT {
            self.list.push(issue);
        } else {
            self.left_out += 1;
        }
    }

    /// True when nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

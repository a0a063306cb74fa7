use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tracklane_core::model::{ApiKey, Caller, User};

/// Who stands behind a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    /// What the engine wants to know of them.
    pub caller: Caller,
    /// The person, when a person calls.
    pub user: Option<Arc<User>>,
    /// The API key, when a program calls.
    pub api_key: Option<Arc<ApiKey>>,
    /// What they may do of all that their role may; empty means all of it.
    pub scopes: Vec<Scope>,
}

impl Principal {
    /// True when the scopes leave room for `verb` on `resource`: a key without scopes may all that its role may; the right
    /// to write a thing does not include the right to read it.
    pub fn may(&self, resource: &str, verb: Verb) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|scope| scope.covers(resource, verb))
    }
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Looking.
    Read,
    /// Making, changing, deleting.
    Write,
}

impl Verb {
    /// The word used in scopes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One thing that an API key may do: `shipments:read`, `positions:write`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// What is touched.
    pub resource: &'static str,
    /// How.
    pub verb: Verb,
}

/// The resources that scopes name.
pub const RESOURCES: &[&str] = &[
    "api_keys",
    "audit",
    "customers",
    "devices",
    "drivers",
    "endpoints",
    "events",
    "live",
    "locations",
    "metrics",
    "positions",
    "shipments",
    "tenants",
    "users",
    "vehicles",
    "zones",
];

/// The scope that covers nothing.
pub(super) const NOTHING: Scope = Scope { resource: "", verb: Verb::Read };

impl Scope {
    /// True when this scope allows `verb` on `resource`.
    pub fn covers(&self, resource: &str, verb: Verb) -> bool {
        self.resource == resource && self.verb == verb
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.verb.as_str())
    }
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {} followed by :read or :write", RESOURCES.join(", "))]
pub struct ParseScopeError;

impl FromStr for Scope {
    type Err = ParseScopeError;
    fn from_str(text: &str) -> Result<Self, ParseScopeError> {
        let (resource, verb) = text.split_once(':').ok_or(ParseScopeError)?;
        let resource = RESOURCES.iter().find(|known| **known == resource).ok_or(ParseScopeError)?;
        let verb = [Verb::Read, Verb::Write].into_iter().find(|known| known.as_str() == verb).ok_or(ParseScopeError)?;
        Ok(Self { resource, verb })
    }
}

//! Which database, and how it is used.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where the records are. Everything but [`Settings::url`] is for PostgreSQL alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `sqlite:` or `postgres:` URL; see [`Store::open`](crate::Store::open).
    pub url: String,
    /// URL of a PostgreSQL that follows that one and may be a little behind (a streaming standby): lists that are about the
    /// past are read there. Empty: nothing is.
    pub read_url: String,
    /// How many connections one process opens at most, to each of the two; 2 to 1000.
    pub connections: u32,
    /// How long a statement may take before it is broken off, in seconds; 1 to 86400. Migrations may take longer.
    pub statement_timeout_seconds: u32,
    /// Who this is among the processes that use the database: what it changes itself it need not be told.
    #[serde(skip)]
    pub node: Option<Uuid>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { url: String::new(), read_url: String::new(), connections: 16, statement_timeout_seconds: 60, node: None }
    }
}

impl Settings {
    /// The defaults, for this database.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }
}

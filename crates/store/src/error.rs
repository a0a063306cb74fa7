//! What can go wrong.

/// Why the store could not do what it was asked.
///
/// After any error inside a [`Tx`](crate::Tx) the transaction is spent on both databases: its only way out is to be
/// dropped, and `commit` refuses it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A row with the same value exists. The constraint is named `<table>_<columns>_key`, as PostgreSQL does by itself;
    /// `<table>_pkey` for the primary key.
    #[error("not unique: {constraint}")]
    NotUnique {
        /// Which constraint.
        constraint: String,
    },
    /// A row that is referred to does not exist in this tenant, or a row is still referred to by others.
    #[error("a row that is referred to is missing, or a row is still referred to")]
    ForeignKey,
    /// The database cannot be reached, is too busy, or gave up on a transaction that may be tried again.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// No space is left where the data are kept.
    #[error("no space left for the database")]
    Full,
    /// Somebody else has taken over what this was written for.
    #[error("taken over by another node")]
    Fenced,
    /// A stored value is not of the expected form; the text names the column.
    #[error("corrupt value in column {0}")]
    Corrupt(String),
    /// A text holds the character U+0000, which PostgreSQL cannot keep (so SQLite refuses it too).
    #[error("a text holds the character U+0000")]
    NulCharacter,
    /// A tenant's handle was used for what needs [`Scope::System`](crate::Scope), or the other way round.
    #[error("wrong scope: {0}")]
    Scope(&'static str),
    /// The transaction has met an error and cannot be committed.
    #[error("transaction is spent after an earlier error")]
    Spent,
    /// The address is none that a store can open.
    #[error(
        "cannot open {given:?}; known forms are sqlite:/path/to/file.db, sqlite::memory:, postgres://user@host/database"
    )]
    Url {
        /// What was given, without its password.
        given: String,
    },
    /// The database was made by another version of the migrations.
    #[error("migration failed: {0}")]
    Migration(String),
    /// Anything else the database says.
    #[error("database error: {0}")]
    Other(String),
}

/// The result of every store function.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// True when the same work may succeed if it is tried again from the start.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

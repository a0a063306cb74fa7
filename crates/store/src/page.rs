//! Keyset paging: newest first, by id, because ids sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use tracklane_core::Invalid;
use uuid::Uuid;

/// Where the next page begins: behind the row with this id. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor(pub Uuid);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parsed = if text.len() == 32 { Uuid::try_parse(text).ok() } else { None };
        parsed.map(Self).ok_or_else(|| Invalid::one("/cursor", "must be a next_cursor as given in the page before"))
    }
}

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Behind which row it begins; none for the first page.
    pub after: Option<Cursor>,
    /// At most so many rows, from 1.
    pub limit: u32,
}

impl Page {
    /// The first page.
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// One page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; none when this is the last one.
    pub next: Option<Cursor>,
}

impl<T> Listing<T> {
    /// A page of entries that were found elsewhere, in order, as many as there are: cut to the limit. `place` is the id
    /// that a cursor remembers of an entry.
    pub fn cut(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> Uuid) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| Cursor(place(last)));
        Self { items, next }
    }
}

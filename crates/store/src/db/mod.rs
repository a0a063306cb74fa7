//! The handles, and the one place that knows that there are two databases.

use std::ops::{Deref, DerefMut};

use tracklane_core::id::TenantId;

use crate::error::Result;

/// Whose rows a handle may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The rows of one tenant.
    Tenant(TenantId),
    /// All rows: bootstrap, workers, look-ups before the tenant is known.
    System,
}

/// A handle to the database with the scope of its caller. Every table function takes one.
pub struct Db {
    scope: Scope,
}

impl Db {
    /// Whose rows this handle may touch.
    pub fn scope(&self) -> Scope {
        self.scope
    }
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
pub struct Tx {
    db: Db,
}

impl Tx {
    /// Makes the changes durable. If events were appended, everybody who waits for them wakes.
    ///
    /// # Errors
    /// [`Error::Spent`](crate::Error::Spent) after an earlier error in this transaction; otherwise as the database says.
    /// After an error nothing was changed, except for [`Error::Unavailable`](crate::Error::Unavailable): then it is not known.
    pub async fn commit(self) -> Result<()> {
        todo!()
    }
}

impl Deref for Tx {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}

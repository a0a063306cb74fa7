//! How any record is made, read, changed and deleted: once, for all kinds.

use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use tracklane_core::model::Caller;
use tracklane_core::{Env, Invalid};
use tracklane_store::{Db, Listing, Page, Result as StoreResult};

use crate::base::{Base, must_operate};
use crate::error::{Error, Result};

/// What is particular about one kind of record.
pub trait Record: Clone + Send + Sync + Sized + 'static {
    /// The word for it in the audit log.
    const WORD: &'static str;
    /// Its id.
    type Id: Copy + Display + PartialEq + Send + Sync;
    /// What a caller says about it.
    type Input: Send + Sync;
    /// Which ones a list asks for.
    type Filter: Default + Send + Sync;

    /// Its id.
    fn id(&self) -> Self::Id;
    /// Its version.
    fn version(&self) -> i64;
    /// Checks what can be checked without looking anything up.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    fn check(input: &Self::Input) -> Result<(), Invalid>;
    /// A new record.
    fn build(input: Self::Input, caller: &Caller, env: &Env) -> Self;
    /// The same record, saying something else.
    fn revise(&mut self, input: Self::Input, env: &Env);
    /// The only one that a caller of a narrow role sees; none for roles that see all.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for roles that see none.
    fn own_of(caller: &Caller) -> Result<Option<Self::Id>>;
    /// Checks, inside the transaction, that what it refers to is there.
    fn check_references(&self, db: &mut Db) -> impl Future<Output = Result<()>> + Send;
    /// Tells what is kept in memory, after the commit; `now` is none when it was deleted.
    fn remember(base: &Base, before: Option<&Self>, now: Option<&Self>);

    /// Adds it to the store.
    fn insert(&self, db: &mut Db) -> impl Future<Output = StoreResult<()>> + Send;
    /// Reads it from the store.
    fn get(db: &mut Db, id: Self::Id) -> impl Future<Output = StoreResult<Option<Self>>> + Send;
    /// Reads a page from the store; `base` is for what only memory knows.
    fn list(
        base: &Base,
        db: &mut Db,
        filter: &Self::Filter,
        page: Page,
    ) -> impl Future<Output = StoreResult<Listing<Self>>> + Send;
    /// Changes it in the store; false when its version is not the one there.
    fn update(&self, db: &mut Db) -> impl Future<Output = StoreResult<bool>> + Send;
    /// Deletes it from the store; false when it is not there.
    fn delete(db: &mut Db, id: Self::Id) -> impl Future<Output = StoreResult<bool>> + Send;
}

/// The part of [`Record`] that only names the store's table and, where the store alone can answer it, its filter.
macro_rules! stored_in {
    ($table:ident, $filter:ident) => {
        type Filter = tracklane_store::$table::$filter;

        async fn list(
            _: &$crate::base::Base,
            db: &mut tracklane_store::Db,
            filter: &Self::Filter,
            page: tracklane_store::Page,
        ) -> tracklane_store::Result<tracklane_store::Listing<Self>> {
            tracklane_store::$table::list(db, filter, page).await
        }

        stored_in!($table);
    };
    ($table:ident) => {
        async fn insert(&self, db: &mut tracklane_store::Db) -> tracklane_store::Result<()> {
            tracklane_store::$table::insert(db, self).await
        }

        async fn get(db: &mut tracklane_store::Db, id: Self::Id) -> tracklane_store::Result<Option<Self>> {
            tracklane_store::$table::get(db, id).await
        }

        async fn update(&self, db: &mut tracklane_store::Db) -> tracklane_store::Result<bool> {
            tracklane_store::$table::update(db, self).await
        }

        async fn delete(db: &mut tracklane_store::Db, id: Self::Id) -> tracklane_store::Result<bool> {
            tracklane_store::$table::delete(db, id).await
        }

        fn id(&self) -> Self::Id {
            self.id
        }

        fn version(&self) -> i64 {
            self.version
        }
    };
}

pub(super) use stored_in;

/// What is the same in every list of references: `Invalid` at the pointer when the record is not there.
pub(super) fn must_exist<T>(found: Option<T>, pointer: &str) -> Result<T> {
    found.ok_or_else(|| Error::no_such(pointer))
}

/// All records of one kind. Cheap to clone.
pub struct Book<R> {
    pub(super) base: Arc<Base>,
    kind: PhantomData<fn() -> R>,
}

impl<R> Clone for Book<R> {
    fn clone(&self) -> Self {
        Self { base: self.base.clone(), kind: PhantomData }
    }
}

impl<R: Record> Book<R> {
    pub(super) fn new(base: &Arc<Base>) -> Self {
        Self { base: base.clone(), kind: PhantomData }
    }

    /// Makes a record.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Forbidden`], [`Error::Conflict`] when a unique value is taken.
    pub async fn create(&self, caller: &Caller, input: R::Input) -> Result<R> {
        must_operate(caller)?;
        R::check(&input)?;
        let record = R::build(input, caller, &self.base.env);
        let mut tx = self.base.begin(caller).await?;
        record.check_references(&mut tx).await?;
        record.insert(&mut tx).await?;
        self.audit(&mut tx, caller, "created", record.id()).await?;
        tx.commit().await?;
        R::remember(&self.base, None, Some(&record));
        Ok(record)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for records of others.
    pub async fn get(&self, caller: &Caller, id: R::Id) -> Result<R> {
        if R::own_of(caller)?.is_some_and(|own| own != id) {
            return Err(Error::NotFound);
        }
        let mut db = self.base.read(caller).await?;
        R::get(&mut db, id).await?.ok_or(Error::NotFound)
    }

    /// Reads a page of records, newest first. Narrow roles see at most their own.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for roles that see none.
    pub async fn list(&self, caller: &Caller, filter: &R::Filter, page: Page) -> Result<Listing<R>> {
        if let Some(own) = R::own_of(caller)? {
            let mut db = self.base.read(caller).await?;
            let items = R::get(&mut db, own).await?.into_iter().collect();
            return Ok(Listing { items, next: None });
        }
        let mut db = self.base.read(caller).await?;
        Ok(R::list(&self.base, &mut db, filter, page).await?)
    }

    /// Changes a record to what `input` says, if it still has the version that the caller saw.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`], and those of [`Book::create`].
    pub async fn update(&self, caller: &Caller, id: R::Id, expected_version: i64, input: R::Input) -> Result<R> {
        must_operate(caller)?;
        R::check(&input)?;
        let mut tx = self.base.begin(caller).await?;
        let before = R::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if before.version() != expected_version {
            return Err(Error::VersionMismatch);
        }
        let mut record = before.clone();
        record.revise(input, &self.base.env);
        record.check_references(&mut tx).await?;
        if !record.update(&mut tx).await? {
            return Err(Error::VersionMismatch);
        }
        let record = R::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        self.audit(&mut tx, caller, "updated", id).await?;
        tx.commit().await?;
        R::remember(&self.base, Some(&before), Some(&record));
        Ok(record)
    }

    /// Deletes a record; with an expected version, only if it still has that one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`], [`Error::Conflict`] while something refers to it.
    pub async fn delete(&self, caller: &Caller, id: R::Id, expected_version: Option<i64>) -> Result<()> {
        must_operate(caller)?;
        let mut tx = self.base.begin(caller).await?;
        let before = R::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if expected_version.is_some_and(|version| version != before.version()) {
            return Err(Error::VersionMismatch);
        }
        if !R::delete(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        self.audit(&mut tx, caller, "deleted", id).await?;
        tx.commit().await?;
        R::remember(&self.base, Some(&before), None);
        Ok(())
    }

    async fn audit(&self, db: &mut Db, caller: &Caller, verb: &str, id: R::Id) -> Result<()> {
        self.base.audit(db, caller, &format!("{}.{verb}", R::WORD), id.to_string()).await
    }
}

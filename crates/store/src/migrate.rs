//! Brings the schema up to date: every file of `migrations/` once, in the order of their names, all in one transaction.

use sha2::{Digest, Sha256};

use crate::db::{Db, args};
use crate::error::{Error, Result};

macro_rules! migrations {
    ($($name:literal,)*) => { &[$(($name, include_str!(concat!("../migrations/", $name)))),*] };
}

/// The list of migrations. A name that ends in `.sqlite.sql` or `.postgres.sql` is meant for that database alone.
/// Files that were released are never changed: the checksum of each is kept and compared.
const MIGRATIONS: &[(&str, &str)] = migrations![
    "0001_access.sql",
    "0002_records.sql",
    "0003_shipments.sql",
    "0004_events.postgres.sql",
    "0004_events.sqlite.sql",
    "0005_webhooks.sql",
    "0006_sessions.sql",
    "0007_erasures.sql",
    "0008_movements.sql",
    "0009_nodes.sql",
    "0009_nodes_changes.postgres.sql",
    "0010_row_security.postgres.sql",
];

/// `overlap` says whether programs that know all migrations but this one go on working with the database: then both run for a while,
/// as when several processes are replaced one after the other.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum BYTEA NOT NULL, \
                      overlap BOOLEAN NOT NULL)";

/// The migrations that programs before them cannot live with: they take away or change what those use. Others only add.
const BREAKING: &[&str] = &[];

/// Applies what has not been applied. The caller commits.
pub async fn migrate(db: &mut Db) -> Result<()> {
    if let Some(lock) = db.dialect().lock_migrations() {
        db.run(lock, Vec::new()).await?;
    }
    db.run(LEDGER, Vec::new()).await?;
    let applied = db
        .many("SELECT name, checksum, overlap FROM migrations ORDER BY name", Vec::new(), |row| {
            Ok(Applied { name: row.get("name")?, checksum: row.get("checksum")?, overlap: row.get("overlap")? })
        })
        .await?;
    let suffix = db.dialect().migration_suffix();
    let ours: Vec<_> = MIGRATIONS.iter().filter(|(name, _)| is_for(name, suffix)).collect();
    check_unknown(&applied, |name| ours.iter().any(|(known, _)| *known == name))?;
    for (name, text) in ours {
        let checksum = Sha256::digest(text.as_bytes()).to_vec();
        match applied.iter().find(|applied| applied.name == *name) {
            Some(applied) if applied.checksum == checksum => {}
            Some(_) => return Err(Error::Migration(format!("{name} was changed after it was applied"))),
            None => {
                tracing::info!(name, "applying migration");
                db.script((*text).to_owned()).await.map_err(|error| Error::Migration(format!("{name}: {error}")))?;
                let overlap = !BREAKING.contains(name);
                let sql = "INSERT INTO migrations (name, checksum, overlap) VALUES ($1, $2, $3)";
                db.run(sql, args![*name, checksum, overlap]).await?;
            }
        }
    }
    renumber_restored_log(db).await
}

/// A migration that the database has.
struct Applied {
    name: String,
    checksum: Vec<u8>,
    overlap: bool,
}

/// What a newer program made of the database: one step is lived with, if that step allows it.
fn check_unknown(applied: &[Applied], is_known: impl Fn(&str) -> bool) -> Result<()> {
    // `0011_carriers.postgres.sql` is a part of step `0011`.
    let step = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let unknown: Vec<&Applied> = applied.iter().filter(|applied| !is_known(&applied.name)).collect();
    let Some(first) = unknown.first() else { return Ok(()) };
    if unknown.iter().all(|applied| applied.overlap && step(&applied.name) == step(&first.name)) {
        tracing::warn!(name = first.name, "a newer program has changed the database; this one is to be replaced soon");
        return Ok(());
    }
    Err(Error::Migration(format!("the database has {}, which this version does not know", first.name)))
}

async fn renumber_restored_log(db: &mut Db) -> Result<()> {
    let Some((question, changes)) = db.dialect().renumber_restored_log() else {
        return Ok(());
    };
    let restored = db.one(question, Vec::new(), |row| row.get("restored")).await?;
    if restored != Some(true) {
        return Ok(());
    }
    tracing::warn!("the database was restored from a dump: numbering the event log anew");
    for change in changes {
        db.run(change, Vec::new()).await?;
    }
    Ok(())
}

fn is_for(name: &str, suffix: &str) -> bool {
    name.ends_with(suffix) || !name.trim_end_matches(".sql").contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(applied: &[(&str, bool)]) -> bool {
        let applied = applied.iter().map(|(name, overlap)| Applied {
            name: (*name).to_owned(),
            checksum: Vec::new(),
            overlap: *overlap,
        });
        check_unknown(&applied.collect::<Vec<_>>(), |name| name == "0001_access.sql").is_ok()
    }

    #[test]
    fn one_step_ahead_is_lived_with_if_it_allows_that() {
        assert!(check(&[("0001_access.sql", true)]));
        assert!(check(&[("0001_access.sql", false), ("0002_more.sql", true), ("0002_more.postgres.sql", true)]));
        assert!(!check(&[("0001_access.sql", true), ("0002_other.sql", false)]), "it takes away what is used");
        assert!(!check(&[("0001_access.sql", true), ("0002_more.sql", true), ("0003_most.sql", true)]), "two steps");
    }
}

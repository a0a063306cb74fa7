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

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, checksum BYTEA NOT NULL)";

/// Applies what has not been applied. The caller commits.
pub async fn migrate(db: &mut Db) -> Result<()> {
    if let Some(lock) = db.dialect().lock_migrations() {
        db.run(lock, Vec::new()).await?;
    }
    db.run(LEDGER, Vec::new()).await?;
    let applied = db
        .many("SELECT name, checksum FROM migrations", Vec::new(), |row| {
            Ok((row.get::<String>("name")?, row.get::<Vec<u8>>("checksum")?))
        })
        .await?;
    let suffix = db.dialect().migration_suffix();
    let ours: Vec<_> = MIGRATIONS.iter().filter(|(name, _)| is_for(name, suffix)).collect();
    if let Some((unknown, _)) = applied.iter().find(|(name, _)| !ours.iter().any(|(known, _)| known == name)) {
        return Err(Error::Migration(format!("the database has {unknown}, which this version does not know")));
    }
    for (name, text) in ours {
        let checksum = Sha256::digest(text.as_bytes()).to_vec();
        match applied.iter().find(|(known, _)| known == name) {
            Some((_, kept)) if *kept == checksum => {}
            Some(_) => return Err(Error::Migration(format!("{name} was changed after it was applied"))),
            None => {
                tracing::info!(name, "applying migration");
                db.script((*text).to_owned()).await.map_err(|error| Error::Migration(format!("{name}: {error}")))?;
                db.run("INSERT INTO migrations (name, checksum) VALUES ($1, $2)", args![*name, checksum]).await?;
            }
        }
    }
    renumber_restored_log(db).await
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

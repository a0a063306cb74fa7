//! `tracklane admin backup`: a copy of everything while the server runs, from which it can go on as if nothing had happened.
//!
//! The order makes it so: first the log of positions is held, then the records are copied, then the positions. So every
//! position that the records know of is in the copy, and every one that they do not know yet is replayed from it.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use tracklane_history::{Backup, Copied};
use tracklane_store::Store;

use crate::args::Global;
use crate::config::Settings;
use crate::exit::{NotFound, Usage};
use crate::output::{self, Format};

/// What was copied.
#[derive(Debug, Serialize)]
struct Report {
    folder: PathBuf,
    records_bytes: u64,
    /// None when positions are on PostgreSQL.
    positions: Option<Copied>,
}

/// Copies records, positions and the master key to `folder`, which must not be there yet.
///
/// # Errors
/// When there is nothing to copy, or a part cannot be copied: then `folder` is not there.
pub async fn run(global: &Global, settings: &Settings, folder: &Path) -> anyhow::Result<()> {
    if !settings.store.url.is_empty() && !settings.store.url.starts_with("sqlite:") {
        return Err(Usage(
            "the records are on PostgreSQL: copy them with pg_dump, and positions as docs/operations.md says"
                .to_owned(),
        )
        .into());
    }
    if folder.try_exists().unwrap_or(true) {
        return Err(Usage(format!("{} is there already: a backup writes over nothing", folder.display())).into());
    }
    // Under another name until it is whole.
    let mut name = folder.file_name().context("the folder needs a name")?.to_owned();
    name.push(".part");
    let part = folder.with_file_name(name);
    if part.exists() {
        fs::remove_dir_all(&part).with_context(|| format!("failed to remove {}", part.display()))?;
    }
    // As personal as the data folder.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&part);
    made.with_context(|| format!("failed to make {}", part.display()))?;
    let copied = copy(settings, &part).await;
    let (records_bytes, positions) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            // What is not whole must not be taken for a backup.
            let _ = fs::remove_dir_all(&part);
            return Err(error);
        }
    };
    fs::rename(&part, folder).with_context(|| format!("failed to rename {}", part.display()))?;
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync(parent)?;
    }
    say(global, &Report { folder: folder.to_owned(), records_bytes, positions })
}

async fn copy(settings: &Settings, to: &Path) -> anyhow::Result<(u64, Option<Copied>)> {
    let from = settings.history_folder();
    let history = match settings.history.url.is_empty() && from.exists() {
        true => Some(Backup::begin(&from).context("failed to begin the copy of positions")?),
        false => None,
    };
    let records = to.join("tracklane.db");
    let copied = Store::backup(&settings.store_url(), &records).await;
    match copied {
        Err(tracklane_store::Error::Unavailable(why)) => return Err(NotFound(why).into()),
        copied => copied.context("failed to copy the records")?,
    }
    sync(&records)?;
    let positions = match history {
        Some(history) => {
            let to = to.join("history");
            let copied = tokio::task::spawn_blocking(move || history.copy_to(to)).await?;
            Some(copied.context("failed to copy the positions")?)
        }
        None => None,
    };
    let key = tracklane_engine::secrets::MASTER_KEY_FILE;
    // Copying a file copies who may read it.
    let copy = to.join(key);
    fs::copy(settings.data.join(key), &copy).context("failed to copy the master key")?;
    sync(&copy)?;
    sync(to)?;
    Ok((fs::metadata(&records)?.len(), positions))
}

fn sync(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.with_context(|| format!("failed to sync {}", path.display()))
}

fn say(global: &Global, report: &Report) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(report);
    }
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let positions = match &report.positions {
        Some(copied) => format!(
            "{:.1} MiB of positions in {} segments, {:.1} MiB of their log",
            mib(copied.segment_bytes),
            copied.segments,
            mib(copied.log_bytes)
        ),
        None => "positions are on PostgreSQL: copy them with pg_dump now".to_owned(),
    };
    output::line(&format!(
        "{}: {:.1} MiB of records, {positions}; start a server with --data on it to go on from there",
        report.folder.display(),
        mib(report.records_bytes)
    ))
}

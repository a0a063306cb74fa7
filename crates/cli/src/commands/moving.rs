//! `tracklane move`: from the data folder to PostgreSQL.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use tracklane_engine::Error;
use tracklane_engine::moving::{Moved, Moving, Step};
use tracklane_history::History;
use tracklane_store::{PgHistory, Store};

use crate::args::Global;
use crate::exit::{NotFound, Usage};
use crate::output::{self, Format};
use crate::progress::Progress;

/// Move records and positions from the data folder to PostgreSQL.
#[derive(Debug, Args)]
#[command(
    after_help = "Stop the server first. Everything is copied and compared, nothing is removed; what was broken off goes on \
where it was when the command is given again. Then name the database in store.url and history.url, keep the data folder for \
master.key, and start the server.

Example:
  tracklane move --to postgres://tracklane:password@db.example/tracklane"
)]
pub struct MoveArgs {
    /// The records: `sqlite:/path/to/tracklane.db`. Without it those of the configuration.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// The database to move to: `postgres://user:password@host:5432/database`.
    #[arg(long, value_name = "URL")]
    to: String,
    /// The database for positions, when it is another one.
    #[arg(long, value_name = "URL")]
    history_to: Option<String>,
    /// The data folder.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    moved: Moved,
    rows: u64,
}

/// Runs the sub-command.
///
/// # Errors
/// When there is nothing to move, or it is in use; when the target is in use; when both sides differ in the end.
pub async fn run(global: &Global, args: MoveArgs) -> anyhow::Result<()> {
    let data = args.data.as_ref().map(|path| path.display().to_string());
    let settings =
        super::settings(global, &[("--data", "server", "data", data), ("--from", "store", "url", args.from)])?;
    let from = settings.store_url();
    if !from.starts_with("sqlite:") {
        return Err(Usage("the records are not on SQLite: there is nothing to move".to_owned()).into());
    }
    if !settings.history.url.is_empty() {
        return Err(
            Usage("the positions are on PostgreSQL already: leave history.url empty for the move".to_owned()).into()
        );
    }
    let history_to = args.history_to.as_deref().unwrap_or(&args.to);
    PgHistory::check_url(&args.to).map_err(|error| Usage(format!("--to: {error}")))?;
    PgHistory::check_url(history_to).map_err(|error| Usage(format!("--history-to: {error}")))?;
    let (folder, file) =
        (settings.history_folder(), from.trim_start_matches("sqlite:").trim_start_matches("//").to_owned());
    if !std::path::Path::new(&file).is_file() {
        return Err(NotFound(format!("{file} is not there")).into());
    }
    // The files first: while a server runs on them they are locked.
    let files = settings.history.settings();
    let history = tokio::task::spawn_blocking(move || History::open(folder, files)).await?;
    let history = Arc::new(history.context("failed to open the positions: is the server still running?")?);
    let target = Arc::new(PgHistory::open(history_to).await.context("failed to open the database for positions")?);
    let moving = Moving {
        from: Store::open(&from).await.context("failed to open the records")?,
        from_history: history.clone(),
        to: Store::open(&args.to).await.context("failed to open the database")?,
        to_history: target.clone(),
    };
    let mut shown = Shown::default();
    let moved = moving.run(&mut |step| shown.show(&step)).await;
    shown.end();
    let moved = moved.map_err(|error| match error {
        Error::Conflict(why) => anyhow::Error::new(Usage(why)),
        other => other.into(),
    });
    target.close().await;
    history.close().context("failed to close the positions")?;
    moving.from.close().await;
    moving.to.close().await;
    say(global, moved?)
}

/// A bar for each part of the way.
#[derive(Default)]
struct Shown {
    part: &'static str,
    bar: Option<Progress>,
}

impl Shown {
    fn show(&mut self, step: &Step) {
        let (part, done, of) = match *step {
            Step::Records { moved, of } => ("rows", moved, of),
            Step::Positions { devices, of } => ("devices with their positions", devices, of),
            Step::Checked { tables, of } => ("tables compared", tables, of),
        };
        if self.part != part {
            self.end();
            (self.part, self.bar) = (part, Some(Progress::new(of)));
        }
        if let Some(bar) = &mut self.bar {
            bar.show(done, &format!("{done} of {of} {part}"));
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.end();
        }
    }
}

fn say(global: &Global, moved: Moved) -> anyhow::Result<()> {
    let rows = moved.tables.iter().map(|(_, rows)| rows).sum();
    if global.output == Format::Json {
        return output::json(&Report { moved, rows });
    }
    output::line(&format!(
        "moved and compared: {rows} rows of {} tables, {} positions of {} devices; now set store.url and history.url, and start the server",
        moved.tables.len(),
        moved.positions,
        moved.devices
    ))
}

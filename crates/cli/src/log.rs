//! The log: to standard error, as text or as JSON.

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSection};

/// Starts the log. Once per process; a second call changes nothing.
///
/// # Errors
/// When the level is none.
pub fn start(section: &LogSection) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&section.level)
        .with_context(|| format!("log.level: {:?} is neither a level nor a list of them", section.level))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(crate::output::colour_on_stderr());
    // An error means that a log is running already.
    let _ = match section.format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    Ok(())
}

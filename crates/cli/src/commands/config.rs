//! `tracklane config`: check and show the configuration.

use clap::Subcommand;
use serde::Serialize;
use toml::Value;

use crate::args::Global;
use crate::config::{self, DEFAULT, SECRETS, Settings};
use crate::exit::Said;
use crate::output::{self, Format};

/// Check and show the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say what is wrong with file and environment; exit code 1 when anything is.
    Check,
    /// Print the commented default file.
    Default,
    /// Print every setting as it is.
    Show {
        /// Say where each value comes from.
        #[arg(long)]
        show_origin: bool,
    },
}

#[derive(Serialize)]
struct Entry {
    key: String,
    value: Value,
    origin: String,
}

/// Runs the sub-command.
///
/// # Errors
/// When the configuration is not valid or cannot be read.
pub fn run(global: &Global, command: &ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check => check(global),
        ConfigCommand::Default => output::line(DEFAULT.trim_end()),
        ConfigCommand::Show { show_origin } => show(global, *show_origin),
    }
}

fn check(global: &Global) -> anyhow::Result<()> {
    let problems = match Settings::read(config::layers(global.config.as_deref())?) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.0.iter().map(ToString::to_string).collect(),
    };
    match global.output {
        Format::Json => output::json(&serde_json::json!({ "valid": problems.is_empty(), "problems": problems }))?,
        Format::Table if problems.is_empty() => output::line("the configuration is valid")?,
        Format::Table => problems.iter().for_each(|problem| eprintln!("{problem}")),
    }
    if problems.is_empty() { Ok(()) } else { Err(Said.into()) }
}

fn show(global: &Global, show_origin: bool) -> anyhow::Result<()> {
    let layers = config::layers(global.config.as_deref())?;
    let entries: Vec<Entry> = layers
        .entries()
        .map(|(key, value, origin)| {
            let hidden = SECRETS.contains(&key.as_str()) && value.as_str().is_some_and(|text| text.contains('@'));
            let value = if hidden { Value::String("(hidden)".to_owned()) } else { value.clone() };
            Entry { key, value, origin: origin.to_string() }
        })
        .collect();
    match global.output {
        Format::Json => output::json(&entries)?,
        Format::Table => {
            for entry in &entries {
                let origin = if show_origin { format!("  # {}", entry.origin) } else { String::new() };
                output::line(&format!("{} = {}{origin}", entry.key, entry.value))?;
            }
        }
    }
    Settings::read(layers)?;
    Ok(())
}

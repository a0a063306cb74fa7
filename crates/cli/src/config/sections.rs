//! The sections that belong to the binary itself. The others belong to the crates that use them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracklane_bus::{Publication, SharedAddress};
use tracklane_core::ports::{PositionStream, SharedMemory};
use tracklane_engine::Roles;

/// Position history: where it is, and what may be set of [`tracklane_history::Settings`] when it is files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistorySection {
    /// `postgres:` URL; empty means files in the data folder.
    pub url: String,
    /// Size of one file of the write-ahead log, in bytes.
    pub wal_segment_bytes: u64,
    /// Seal once there are so many positions in memory.
    pub seal_records: usize,
    /// Seal once they take so many bytes.
    pub seal_bytes: usize,
    /// Seal once the oldest is so many seconds in memory.
    pub seal_seconds: u64,
    /// How many positions may wait to become durable.
    pub queue_records: usize,
    /// The window of fix time of one segment, in seconds.
    pub partition_seconds: u64,
    /// Merge so many segments into one.
    pub merge_fan_in: usize,
    /// Never merge into a larger segment, in bytes.
    pub merge_bytes: u64,
    /// Keep directories of segments in memory up to so many bytes.
    pub directory_bytes: u64,
}

impl Default for HistorySection {
    fn default() -> Self {
        let settings = tracklane_history::Settings::default();
        Self {
            url: String::new(),
            wal_segment_bytes: settings.wal_segment_bytes,
            seal_records: settings.seal_records,
            seal_bytes: settings.seal_bytes,
            seal_seconds: settings.seal_seconds,
            queue_records: settings.queue_records,
            partition_seconds: settings.partition_seconds,
            merge_fan_in: settings.merge_fan_in,
            merge_bytes: settings.merge_bytes,
            directory_bytes: settings.directory_bytes,
        }
    }
}

impl HistorySection {
    /// The settings of the history. Whether it waits for the disk is not a setting: it always does.
    pub fn settings(&self) -> tracklane_history::Settings {
        tracklane_history::Settings {
            wal_segment_bytes: self.wal_segment_bytes,
            seal_records: self.seal_records,
            seal_bytes: self.seal_bytes,
            seal_seconds: self.seal_seconds,
            queue_records: self.queue_records,
            partition_seconds: self.partition_seconds,
            merge_fan_in: self.merge_fan_in,
            merge_bytes: self.merge_bytes,
            directory_bytes: self.directory_bytes,
            ..tracklane_history::Settings::default()
        }
    }
}

/// Where positions wait for the processes that track.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamSection {
    /// URL of a broker; empty when this process tracks alone.
    pub url: String,
}

impl StreamSection {
    /// The stream, if there is one. It connects when it is first needed.
    ///
    /// # Errors
    /// The rule that the URL breaks.
    pub fn open(&self) -> Result<Option<Arc<dyn PositionStream>>, String> {
        if self.url.is_empty() {
            return Ok(None);
        }
        tracklane_bus::open_stream(&self.url).map(Some).map_err(|error| error.to_string())
    }
}

/// Memory that processes share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSection {
    /// URL of a Redis or Valkey; empty when there is none.
    pub url: String,
    /// How long a request waits for it at most, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for RedisSection {
    fn default() -> Self {
        Self { url: String::new(), timeout_ms: 40 }
    }
}

impl RedisSection {
    /// Where it is, if there is one.
    ///
    /// # Errors
    /// The rule that the URL breaks.
    pub fn address(&self) -> Result<Option<SharedAddress>, String> {
        if self.url.is_empty() {
            return Ok(None);
        }
        SharedAddress::parse(&self.url).map(Some).map_err(|error| error.to_string())
    }

    /// The memory, if there is any. It need not answer.
    ///
    /// # Errors
    /// The rule that the URL breaks.
    pub async fn open(&self) -> Result<Option<Arc<dyn SharedMemory>>, String> {
        match self.address()? {
            Some(address) => Ok(Some(address.open(Duration::from_millis(self.timeout_ms)).await)),
            None => Ok(None),
        }
    }
}

/// The names of what a process may do.
pub const ROLES: [&str; 5] = ["api", "ingest", "track", "work", "notify"];

/// What a process does, by name.
///
/// # Errors
/// The rule that is broken.
pub fn roles(names: &[String]) -> Result<Roles, String> {
    let unknown = names.iter().find(|name| !ROLES.contains(&name.as_str()));
    if unknown.is_some() || names.is_empty() {
        return Err(format!("must be at least one of {}", ROLES.join(", ")));
    }
    let [api, ingest, track, work, notify] = ROLES.map(|role| names.iter().any(|name| name == role));
    Ok(Roles { api, ingest, track, work, notify })
}

/// Other systems that are told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SinksSection {
    /// URLs of brokers, with what each is told.
    pub publish: Vec<String>,
}

impl SinksSection {
    /// What they say.
    ///
    /// # Errors
    /// The places in the list of those that are wrong, and the rule that each breaks.
    pub fn publications(&self) -> Result<Vec<Publication>, Vec<(usize, String)>> {
        let mut read: Vec<Publication> = Vec::new();
        let mut wrong = Vec::new();
        for (index, url) in self.publish.iter().enumerate() {
            match Publication::parse(url) {
                Ok(other) if read.iter().any(|one| one.name == other.name) => {
                    let rule = format!("there are two with the name {}: give one another with name=", other.name);
                    wrong.push((index, rule));
                }
                Ok(publication) => read.push(publication),
                Err(error) => wrong.push((index, error.to_string())),
            }
        }
        if wrong.is_empty() { Ok(read) } else { Err(wrong) }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// How it is written.
    pub format: LogFormat,
    /// Which lines are written.
    pub level: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

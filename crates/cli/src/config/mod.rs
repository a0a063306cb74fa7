//! The configuration: one commented file with every default, laid over by file, environment and flags.

mod layers;
mod ranges;
mod sections;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};
use tracklane_engine::{Roles, Settings as EngineSettings};
use tracklane_gateway::{GatewaySettings, MqttSettings};
use tracklane_server::ServerSettings;
use tracklane_store::{PgHistory, Store};

pub use layers::{DEFAULT, Layers, Problem, SECRETS};
pub use sections::{HistorySection, LogFormat, LogSection, RedisSection, SinksSection, StreamSection, roles};

/// Every setting, ready to use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// The server, its limits included.
    pub server: ServerSettings,
    /// The records.
    pub store: tracklane_store::Settings,
    /// Position history.
    pub history: HistorySection,
    /// What this process does.
    pub roles: Vec<String>,
    /// What positions are shared through with other processes.
    pub stream: StreamSection,
    /// Memory that is shared with other processes.
    pub redis: RedisSection,
    /// What the engine owns: tracking, webhooks, access.
    pub engine: EngineSettings,
    /// Devices that speak over sockets of their own.
    pub gateway: GatewaySettings,
    /// The broker that passes on what devices say.
    pub mqtt: MqttSettings,
    /// Other systems that are told what happens.
    pub sinks: SinksSection,
    /// The log.
    pub log: LogSection,
}

/// Everything that is wrong with a configuration.
#[derive(Debug)]
pub struct Invalid(pub Vec<Problem>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid")?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Files that are looked for when none is named, the first that is there wins.
const FILES: [&str; 2] = ["./tracklane.toml", "/etc/tracklane/config.toml"];

/// Lays the configuration file and the environment over the defaults. The file named by `--config` must be there.
///
/// # Errors
/// When the file cannot be read. What is wrong inside it is kept in the layers.
pub fn layers(file: Option<&Path>) -> anyhow::Result<Layers> {
    let mut layers = Layers::defaults();
    let found = file.map(Path::to_owned).or_else(|| FILES.iter().map(PathBuf::from).find(|path| path.exists()));
    if let Some(path) = found {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| anyhow::anyhow!("failed to read the configuration {}: {error}", path.display()))?;
        layers.add_file(path, &text);
    }
    layers.add_env(std::env::vars());
    Ok(layers)
}

impl Settings {
    /// Reads the layers.
    ///
    /// # Errors
    /// Everything that is wrong, with who said it.
    pub fn read(mut layers: Layers) -> Result<Self, Invalid> {
        ranges::check(&mut layers);
        let mut table = layers.table();
        let data = take(&mut table, "server", "data");
        let named = take(&mut table, "server", "roles").unwrap_or(Value::Array(Vec::new()));
        let limits = table.remove("limits").unwrap_or(Value::Table(Table::new()));
        let settings = Self {
            data: PathBuf::from(data.as_ref().and_then(Value::as_str).unwrap_or_default()),
            server: ServerSettings {
                limits: section(&mut layers, "limits", limits),
                ..section(&mut layers, "server", table.remove("server").unwrap_or(Value::Table(Table::new())))
            },
            store: known(&mut layers, &mut table, "store"),
            history: known(&mut layers, &mut table, "history"),
            roles: section(&mut layers, "server.roles", named),
            stream: known(&mut layers, &mut table, "stream"),
            redis: known(&mut layers, &mut table, "redis"),
            engine: EngineSettings {
                tracking: known(&mut layers, &mut table, "tracking"),
                filter: known(&mut layers, &mut table, "filter"),
                trips: known(&mut layers, &mut table, "trips"),
                alarms: known(&mut layers, &mut table, "alarms"),
                webhooks: known(&mut layers, &mut table, "webhooks"),
                access: known(&mut layers, &mut table, "access"),
            },
            gateway: known(&mut layers, &mut table, "gateway"),
            mqtt: known(&mut layers, &mut table, "mqtt"),
            sinks: known(&mut layers, &mut table, "sinks"),
            log: known(&mut layers, &mut table, "log"),
        };
        if let Err(invalid) = settings.engine.webhooks.check() {
            layers.report_rules("webhooks", &invalid);
        }
        if let Err(invalid) = settings.mqtt.check() {
            layers.report_rules("mqtt", &invalid);
        }
        if let Err(error) = Store::check_url(&settings.store_url()) {
            let origin = layers.origin("store.url").clone();
            layers.report(origin, "store.url", &error.to_string());
        }
        if !settings.store.read_url.is_empty()
            && let Err(error) = PgHistory::check_url(&settings.store.read_url)
        {
            let origin = layers.origin("store.read_url").clone();
            layers.report(origin, "store.read_url", &error.to_string());
        }
        if !settings.store.read_url.is_empty() && PgHistory::check_url(&settings.store_url()).is_err() {
            let origin = layers.origin("store.read_url").clone();
            let rule = "follows store.url, which must be a PostgreSQL, too";
            layers.report(origin, "store.read_url", rule);
        }
        if !settings.history.url.is_empty()
            && let Err(error) = PgHistory::check_url(&settings.history.url)
        {
            let origin = layers.origin("history.url").clone();
            layers.report(origin, "history.url", &error.to_string());
        }
        settings.check_scale(&mut layers);
        if let Err(rule) = settings.redis.address() {
            let origin = layers.origin("redis.url").clone();
            layers.report(origin, "redis.url", &rule);
        }
        for (index, rule) in settings.sinks.publications().err().unwrap_or_default() {
            let origin = layers.origin("sinks.publish").clone();
            layers.report(origin, &format!("sinks.publish[{index}]"), &rule);
        }
        if layers.problems.is_empty() { Ok(settings) } else { Err(Invalid(layers.problems)) }
    }

    /// What several processes need to share the work.
    fn check_scale(&self, layers: &mut Layers) {
        let mut report = |key: &str, rule: &str| {
            let origin = layers.origin(key).clone();
            layers.report(origin, key, rule);
        };
        match (roles(&self.roles), self.stream.open()) {
            (Err(rule), _) => report("server.roles", &rule),
            (_, Err(rule)) => report("stream.url", &rule),
            (Ok(all), Ok(None)) if all != Roles::ALL => {
                report("server.roles", "processes that share the work need a position stream: set stream.url, too");
            }
            (_, Ok(Some(_))) if PgHistory::check_url(&self.store_url()).is_err() => {
                report("stream.url", "needs store.url to be a PostgreSQL");
            }
            (_, Ok(Some(_))) if self.history.url.is_empty() => {
                report("stream.url", "needs history.url to be a PostgreSQL; it may be that of the records");
            }
            _ => {}
        }
    }

    /// Where positions are when they are kept in files.
    pub fn history_folder(&self) -> PathBuf {
        self.data.join("history")
    }

    /// The settings of the store, with the URL that holds.
    pub fn store(&self) -> tracklane_store::Settings {
        tracklane_store::Settings { url: self.store_url(), ..self.store.clone() }
    }

    /// The URL of the records: the one that is set, else a file in the data folder.
    pub fn store_url(&self) -> String {
        if self.store.url.is_empty() {
            return format!("sqlite:{}", self.data.join("tracklane.db").display());
        }
        self.store.url.clone()
    }
}

fn take(table: &mut Table, section: &str, key: &str) -> Option<Value> {
    table.get_mut(section).and_then(Value::as_table_mut).and_then(|keys| keys.remove(key))
}

fn known<T: DeserializeOwned + Default>(layers: &mut Layers, table: &mut Table, name: &str) -> T {
    section(layers, name, table.remove(name).unwrap_or(Value::Table(Table::new())))
}

/// Reads one section into the struct of the crate that owns it; what does not fit is reported with its origin.
fn section<T: DeserializeOwned + Default>(layers: &mut Layers, name: &str, value: Value) -> T {
    serde_path_to_error::deserialize(value).unwrap_or_else(|error| {
        let path = format!("{name}.{}", error.path());
        // The path may lead into a list: the key is what has an origin.
        let key = path.split('[').next().unwrap_or(&path).to_owned();
        let origin = layers.origin(&key).clone();
        layers.report(origin, &path, error.inner().message());
        T::default()
    })
}

#[cfg(test)]
mod tests;

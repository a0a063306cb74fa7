//! Where each setting comes from: default < file < environment < flag.
//!
//! The embedded default file is the schema: a key that it does not have does not exist.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use toml::{Table, Value};
use tracklane_core::Invalid;

/// The commented default file: the defaults and the manual in one.
pub const DEFAULT: &str = include_str!("../../config.default.toml");

/// The prefix of environment variables that are settings: `TRACKLANE__SECTION__KEY`.
const ENV_PREFIX: &str = "TRACKLANE__";

/// Settings that may hold a password: never shown, and readable from a file named by `..._FILE`.
pub const SECRETS: &[&str] =
    &["store.url", "store.read_url", "history.url", "stream.url", "redis.url", "mqtt.url", "sinks.publish"];

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded default.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A flag on the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Who said it.
    pub origin: Origin,
    /// Which key, `section.key`; empty for a whole file.
    pub key: String,
    /// What is wrong, naming what is valid.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.origin, self.detail)
        } else {
            write!(f, "{}: {}: {}", self.origin, self.key, self.detail)
        }
    }
}

/// The settings laid over one another.
#[derive(Debug)]
pub struct Layers {
    sections: BTreeMap<String, Table>,
    origins: BTreeMap<String, Origin>,
    /// Everything that was wrong so far.
    pub problems: Vec<Problem>,
}

impl Layers {
    /// The defaults alone.
    pub fn defaults() -> Self {
        let mut layers = Self { sections: BTreeMap::new(), origins: BTreeMap::new(), problems: Vec::new() };
        match DEFAULT.parse::<Table>() {
            Ok(table) => {
                for (name, section) in table {
                    if let Value::Table(section) = section {
                        layers.sections.insert(name, section);
                    }
                }
            }
            Err(error) => layers.report(Origin::Default, "", error.message()),
        }
        layers
    }

    /// Lays a configuration file over what is there.
    pub fn add_file(&mut self, path: PathBuf, text: &str) {
        let origin = Origin::File(path);
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => return self.report(origin, "", &error.to_string()),
        };
        for (name, section) in table {
            let Value::Table(section) = section else {
                self.unknown_section(&origin, &name);
                continue;
            };
            if !self.sections.contains_key(&name) {
                self.unknown_section(&origin, &name);
                continue;
            }
            for (key, value) in section {
                self.set(&name, &key, value, &origin);
            }
        }
    }

    /// Lays environment variables over what is there; others than settings are not looked at.
    pub fn add_env(&mut self, variables: impl Iterator<Item = (String, String)>) {
        for (name, text) in variables {
            let Some(path) = name.strip_prefix(ENV_PREFIX) else {
                if self.is_misspelt(&name) {
                    let detail =
                        "is no setting: they are named TRACKLANE__SECTION__KEY, with two underscores each time";
                    self.report(Origin::Env(name), "", detail);
                }
                continue;
            };
            let origin = Origin::Env(name.clone());
            let path = path.to_lowercase();
            let Some((section, key)) = path.split_once("__") else {
                self.report(origin, "", "settings are named TRACKLANE__SECTION__KEY");
                continue;
            };
            if !self.sections.contains_key(section) {
                self.unknown_section(&origin, section);
                continue;
            }
            let secret = key.strip_suffix("_file").filter(|key| SECRETS.contains(&format!("{section}.{key}").as_str()));
            match secret {
                Some(key) => match std::fs::read_to_string(&text) {
                    Ok(content) => self.set_text(section, key, &content, &origin),
                    Err(error) => self.report(origin, &path, &format!("failed to read {text}: {error}")),
                },
                None => self.set_text(section, key, &text, &origin),
            }
        }
    }

    /// True for a name that begins like a setting and lacks an underscore. What Kubernetes puts into the environment of
    /// a service of such a name is left alone, and so is what is no setting of the server's: `TRACKLANE_TOKEN`.
    fn is_misspelt(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix("TRACKLANE_").map(str::to_lowercase) else {
            return false;
        };
        let of_kubernetes = ["_service_", "_port_"].iter().any(|word| rest.contains(word)) || rest.ends_with("_port");
        let begins = |section: &String| rest.strip_prefix(section.as_str()).is_some_and(|key| key.starts_with('_'));
        !of_kubernetes && self.sections.keys().any(begins)
    }

    /// Sets one key from a flag.
    pub fn set_flag(&mut self, flag: &'static str, section: &str, key: &str, text: &str) {
        self.set_text(section, key, text, &Origin::Flag(flag));
    }

    /// The value of every key with its origin, sorted by key.
    pub fn entries(&self) -> impl Iterator<Item = (String, &Value, &Origin)> {
        self.sections.iter().flat_map(move |(section, keys)| {
            keys.iter().map(move |(key, value)| {
                let path = format!("{section}.{key}");
                let origin = self.origin(&path);
                (path, value, origin)
            })
        })
    }

    /// Who said what `path` is.
    pub fn origin(&self, path: &str) -> &Origin {
        self.origins.get(path).unwrap_or(&Origin::Default)
    }

    /// Everything as one table.
    pub fn table(&self) -> Table {
        self.sections.iter().map(|(name, section)| (name.clone(), Value::Table(section.clone()))).collect()
    }

    /// Notes something that is wrong with a key.
    pub fn report(&mut self, origin: Origin, key: &str, detail: &str) {
        self.problems.push(Problem { origin, key: key.to_owned(), detail: detail.trim_end().to_owned() });
    }

    /// Notes the rules of a section that hold between its keys, as the crate that owns it states them.
    pub fn report_rules(&mut self, section: &str, invalid: &Invalid) {
        for error in &invalid.0 {
            let path = format!("{section}.{}", error.pointer.trim_start_matches("#/").replace('/', "."));
            let key = path.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
            if !self.problems.iter().any(|known| known.key == key) {
                let origin = self.origin(&key).clone();
                self.report(origin, &path, &error.detail);
            }
        }
    }

    /// A text is read as what the default is: number, switch, list (separated by commas) or text.
    fn set_text(&mut self, section: &str, key: &str, text: &str, origin: &Origin) {
        let default = self.sections.get(section).and_then(|keys| keys.get(key));
        let value = match default {
            Some(Value::Array(items)) => {
                // What holds commas itself stands on lines of its own.
                let between = if text.contains('\n') { '\n' } else { ',' };
                let parts = text.split(between).map(str::trim).filter(|part| !part.is_empty());
                Value::Array(parts.map(|part| parsed(items.first(), part)).collect())
            }
            default => parsed(default, text.trim_end()),
        };
        self.set(section, key, value, origin);
    }

    fn set(&mut self, section: &str, key: &str, value: Value, origin: &Origin) {
        let path = format!("{section}.{key}");
        let Some(keys) = self.sections.get_mut(section) else {
            return self.unknown_section(origin, section);
        };
        let Some(known) = keys.get(key) else {
            let detail = unknown("key", key, keys.keys());
            return self.report(origin.clone(), &path, &detail);
        };
        match fitted(known, value) {
            Ok(value) => {
                keys.insert(key.to_owned(), value);
                self.origins.insert(path, origin.clone());
            }
            Err(detail) => self.report(origin.clone(), &path, &detail),
        }
    }

    fn unknown_section(&mut self, origin: &Origin, name: &str) {
        let detail = unknown("section", name, self.sections.keys());
        self.report(origin.clone(), name, &detail);
    }
}

/// A text as a value of the kind of `example`; as a text when it is none.
fn parsed(example: Option<&Value>, text: &str) -> Value {
    let value = match example {
        Some(Value::Integer(_)) => text.parse().ok().map(Value::Integer),
        Some(Value::Float(_)) => text.parse().ok().map(Value::Float),
        Some(Value::Boolean(_)) => text.parse().ok().map(Value::Boolean),
        _ => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The value as the kind of the default: whole numbers fit where numbers are wanted.
fn fitted(known: &Value, value: Value) -> Result<Value, String> {
    match (known, value) {
        (Value::Float(_), Value::Integer(whole)) => Ok(Value::Float(whole as f64)),
        (Value::Array(examples), Value::Array(items)) => {
            let Some(example) = examples.first() else {
                return Ok(Value::Array(items));
            };
            let fitted: Result<Vec<Value>, String> = items.into_iter().map(|item| fitted(example, item)).collect();
            fitted.map(Value::Array).map_err(|_| format!("must be a list of {}", plural(example)))
        }
        (known, value) if known.same_type(&value) => Ok(value),
        (known, value) => Err(format!("must be {}, not {}", described(known), described(&value))),
    }
}

fn plural(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "whole numbers",
        Value::Float(_) => "numbers",
        _ => "texts",
    }
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// Says that a name is unknown, which known one is nearest, and which ones there are.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let nearest = known.iter().map(|candidate| (edits(name, candidate), *candidate)).min();
    let hint = nearest
        .filter(|(distance, candidate)| *distance * 2 <= candidate.len())
        .map_or(String::new(), |(_, candidate)| format!("; did you mean {candidate:?}?"));
    format!("unknown {what}{hint} (known: {})", known.join(", "))
}

/// How many letters must be inserted, deleted or replaced to turn one name into the other.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

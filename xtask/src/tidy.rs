//! The rules of the repository, as a test: who may depend on whom, which SQL both databases understand, how long a file
//! may grow, and which words must not appear.

mod metrics;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may depend on whom (ARCHITECTURE.md). A crate that is not listed may depend on no other; `*` means on all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("geo", &["core"]),
    ("protocols", &["api-types", "core"]),
    ("history", &["core"]),
    ("carriers", &["core"]),
    ("notify", &["core"]),
    ("bus", &["core"]),
    ("store", &["core"]),
    ("engine", &["core", "geo", "notify", "store"]),
    ("api-types", &["core"]),
    ("client", &["api-types", "core"]),
    ("server", &["api-types", "core", "engine", "protocols"]),
    ("gateway", &["api-types", "core", "engine", "protocols"]),
    ("sim", &["api-types", "client", "core", "geo", "protocols"]),
    ("cli", &["*"]),
    ("testkit", &["*"]),
    ("bench", &["*"]),
];

/// Outside crates with one home: nobody else may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("rusqlite", &["store", "bench"]),
    ("axum", &["server", "cli", "testkit"]),
    ("utoipa-axum", &["server"]),
    ("jsonwebtoken", &["engine"]),
    ("argon2", &["engine"]),
    ("rumqttc", &["bus", "gateway"]),
    ("krafka", &["bus"]),
    ("async-nats", &["bus"]),
    ("lapin", &["bus"]),
    ("redis", &["bus"]),
];

/// SQL that only one of the two databases understands. It may stand in `dialect.rs` and in migrations of one database.
const BANNED_SQL: &[(&str, &str)] = &[
    ("now()", "take the time as a parameter"),
    (" ilike ", "use lower(..) LIKE lower(..)"),
    ("::text", "use CAST"),
    ("::jsonb", "use CAST"),
    ("::uuid ", "use CAST"),
    ("::uuid,", "use CAST"),
    ("any($", "generate IN (..)"),
    ("greatest(", "compute it in Rust"),
    ("replace into", "use ON CONFLICT .. DO UPDATE"),
    ("interval '", "compute times in Rust"),
    ("bigserial", "ids are made by us"),
];

/// How long a source file may grow, in lines, before it must be split by meaning.
const MAX_LINES: usize = 700;

/// Words that tell of where the project was built instead of what it is.
const BANNED_WORDS: &[&str] = &["/work/", "crates-io-index", "index.crates", "registry.npmjs"];

/// One broken rule.
pub struct Finding {
    path: PathBuf,
    line: usize,
    rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.rule)
    }
}

/// Checks the whole repository.
pub fn check(root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in crate_folders(root) {
        check_dependencies(&folder, &mut findings);
    }
    for file in files(root) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        check_length(&file, &text, &mut findings);
        check_words(&file, &text, &mut findings);
        check_sql(&file, &text, &mut findings);
    }
    metrics::check(root, &mut findings);
    for finding in &mut findings {
        if let Ok(short) = finding.path.strip_prefix(root) {
            finding.path = short.to_owned();
        }
    }
    findings
}

fn crate_folders(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root.join("crates")) else { return Vec::new() };
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn check_dependencies(folder: &Path, findings: &mut Vec<Finding>) {
    let path = folder.join("Cargo.toml");
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut add = |rule: String| findings.push(Finding { path: path.clone(), line: 1, rule });
    let Some(manifest) = fs::read_to_string(&path).ok().and_then(|text| text.parse::<toml::Table>().ok()) else {
        return add("the manifest cannot be read".to_owned());
    };
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
    if lints != Some(true) {
        add("a crate takes the lints of the workspace: [lints] workspace = true".to_owned());
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
        return add(format!("crate {name} is not in the dependency table of xtask tidy"));
    };
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    for dependency in dependencies.keys() {
        if let Some(ours) = dependency.strip_prefix("tracklane-")
            && !allowed.contains(&ours)
            && !allowed.contains(&"*")
        {
            add(format!("{name} must not depend on {ours}: see the arrows in ARCHITECTURE.md"));
        }
        let home = HOMES.iter().find(|(outside, _)| outside == dependency);
        if home.is_some_and(|(_, homes)| !homes.contains(&name)) {
            add(format!("{dependency} must not be used in {name}: it has its home elsewhere"));
        }
    }
}

/// Every text file of ours, without what tools made.
fn files(root: &Path) -> Vec<PathBuf> {
    const SKIPPED: &[&str] = &["target", "node_modules", "dist", ".git", "data"];
    const ENDINGS: &[&str] = &["rs", "toml", "md", "sql", "ts", "svelte", "json", "yml", "yaml", "sh", "html", "css"];
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !SKIPPED.contains(&name) {
                open.push(path);
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(|ending| ENDINGS.contains(&ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn check_length(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let generated = file.to_string_lossy().contains(".gen.");
    let lines = text.lines().count();
    if matches!(ending, "rs" | "ts" | "svelte") && !generated && lines > MAX_LINES {
        let rule = format!("{lines} lines: split by meaning, the limit is {MAX_LINES}");
        findings.push(Finding { path: file.to_owned(), line: lines, rule });
    }
}

fn check_words(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    if file.ends_with("xtask/src/tidy.rs") {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        for word in BANNED_WORDS.iter().filter(|word| line.contains(**word)) {
            let rule = format!("the project speaks of itself alone: {word:?} does not belong here");
            findings.push(Finding { path: file.to_owned(), line: number + 1, rule });
        }
    }
}

fn check_sql(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    let path = file.to_string_lossy();
    let one_database = path.contains(".postgres.") || path.contains(".sqlite.") || path.ends_with("dialect.rs");
    if !path.contains("crates/store/src") && !path.contains("crates/store/migrations") || one_database {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        if lower.trim_start().starts_with("//") || lower.trim_start().starts_with("--") {
            continue;
        }
        for (word, instead) in BANNED_SQL {
            // `Value::Text` is a path in Rust; a cast in SQL is written in small letters.
            let found = if word.starts_with("::") { line.contains(word) } else { lower.contains(word) };
            if !found {
                continue;
            }
            // `env.now()`, `Instant::now()` and `yield_now()` are Rust, not SQL.
            if *word == "now()" && [".now()", "::now()", "_now()"].iter().any(|rust| lower.contains(rust)) {
                continue;
            }
            let rule = format!("{word:?} is not understood by both databases: {instead}");
            findings.push(Finding { path: file.to_owned(), line: number + 1, rule });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_keeps_its_rules() {
        let findings: Vec<_> = check(&crate::root()).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    #[test]
    fn a_broken_rule_is_found() {
        let mut findings = Vec::new();
        check_sql(Path::new("crates/store/src/x.rs"), "let sql = \"SELECT now()\";", &mut findings);
        check_words(Path::new("README.md"), "see /work/x", &mut findings);
        check_length(Path::new("a.rs"), &"x\n".repeat(MAX_LINES + 1), &mut findings);
        assert_eq!(findings.len(), 3);
    }
}

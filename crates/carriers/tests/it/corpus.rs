//! The corpus: answers and numbers of others, which are no part of the project.

use std::path::PathBuf;

/// Where the corpus is; none, said in one line, when `TRACKLANE_CORPUS` is not set.
pub fn folder(what: &str) -> Option<PathBuf> {
    let found = std::env::var_os("TRACKLANE_CORPUS").map(PathBuf::from);
    if found.is_none() {
        eprintln!("left out: {what} (TRACKLANE_CORPUS is not set)");
    }
    found
}

/// The JSON of one of its files.
pub fn json(path: &std::path::Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

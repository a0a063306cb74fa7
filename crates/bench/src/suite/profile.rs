//! Where the time goes: what `perf` sees of the product while it takes positions, by the part that the code belongs to.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::product::Product;
use crate::Outcome;

/// Seconds of each half of a round of the profiled run.
const HALF: u64 = 3;

/// Shares of processor time in percent, the load generator left out, the greatest first.
///
/// # Errors
/// When `perf` is missing or may not look, or the bench fails.
pub fn shares(product: &Product, arguments: &[&str], folder: &Path) -> Outcome<Vec<(String, f64)>> {
    let half = HALF.to_string();
    let arguments = [arguments, &["--rounds", "2", "--seconds", &half]].concat();
    let mut running = product.spawn(&arguments, Stdio::piped())?;
    let lines = BufReader::new(running.0.stderr.take().ok_or("it has no error output")?).lines();
    let record = folder.join("perf.data");
    let mut recorded = false;
    for line in lines {
        // Once the first round is over comes the second one's floor, and then what we want to see.
        if !recorded && line?.contains("round 1:") {
            std::thread::sleep(Duration::from_millis(HALF * 1_000 + 400));
            let seconds = (HALF - 1).to_string();
            let pid = running.0.id().to_string();
            let mut perf = Command::new("perf");
            perf.args(["record", "-q", "-F", "997", "-p", &pid, "-o"]).arg(&record).args(["--", "sleep", &seconds]);
            let output = perf.stdin(Stdio::null()).output().map_err(|error| format!("perf is missing: {error}"))?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(format!("perf may not look: {}", said.lines().next().unwrap_or_default()).into());
            }
            recorded = true;
        }
    }
    if !recorded || !running.0.wait()?.success() {
        return Err("the bench that was looked at failed".into());
    }
    let mut report = Command::new("perf");
    report.args(["report", "--stdio", "-q", "--no-children", "-F", "overhead,comm,dso,sym", "-t", "|", "-i"]);
    let output = report.arg(&record).stdin(Stdio::null()).output()?;
    let parts = sum(&String::from_utf8_lossy(&output.stdout));
    if parts.is_empty() { Err("perf saw nothing".into()) } else { Ok(parts) }
}

/// Sums up lines such as `12.34%|tokio-rt-worker|tracklane|[.] tracklane_geo::index::..`.
fn sum(report: &str) -> Vec<(String, f64)> {
    let mut parts = BTreeMap::<&str, f64>::new();
    for line in report.lines() {
        let fields: Vec<_> = line.splitn(4, '|').map(str::trim).collect();
        let [share, thread, object, symbol] = fields[..] else { continue };
        let Ok(share) = share.trim_end_matches('%').parse::<f64>() else { continue };
        if thread != "load" {
            *parts.entry(part(thread, object, symbol)).or_default() += share;
        }
    }
    let all: f64 = parts.values().sum();
    let mut parts: Vec<_> = parts.into_iter().map(|(name, share)| (name.to_owned(), share / all * 100.0)).collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    parts
}

/// Which part of the whole a crate belongs to.
const PARTS: &[(&str, &[&str])] = &[
    ("tracking: stages and states", &["tracklane_engine"]),
    ("zones: index and visits", &["tracklane_geo"]),
    ("history: log and segments", &["tracklane_history", "crc32fast"]),
    ("server: routes, access, answers", &["tracklane_server", "tracklane_api_types"]),
    ("rules, times and ids", &["tracklane_core", "jiff", "uuid"]),
    (DATABASE, &["tracklane_store", "sqlx", "sqlx_core", "rusqlite", "libsqlite3_sys"]),
    (JSON, &["ryu", "zmij", "itoa"]),
    (
        "HTTP",
        &[
            "hyper",
            "hyper_util",
            "axum",
            "axum_core",
            "http",
            "http_body",
            "http_body_util",
            "httparse",
            "tower",
            "tower_http",
            "matchit",
        ],
    ),
    (
        "tasks and sockets",
        &[
            "tokio",
            "tokio_util",
            "mio",
            "futures",
            "futures_util",
            "futures_core",
            "parking_lot",
            "parking_lot_core",
            "bytes",
        ],
    ),
    ("signing and hashing", &["sha2", "hmac", "digest", "ring", "subtle"]),
];

const JSON: &str = "reading and writing JSON";
const DATABASE: &str = "database: what positions lead to";

fn part(thread: &str, object: &str, symbol: &str) -> &'static str {
    if object.contains("kernel") || symbol.starts_with("[k]") {
        return "the kernel: sockets, disk, switching";
    }
    // SQLite is not Rust, so its names say little: on the thread that writes, what is no Rust is SQLite's.
    if symbol.contains("sqlite3") || (thread.starts_with("sqlite-writer") && !symbol.contains("::")) {
        return DATABASE;
    }
    let symbol = symbol.trim_start_matches("[.] ");
    if ["mi_", "_mi_", "malloc", "free", "realloc", "calloc"].iter().any(|start| symbol.starts_with(start)) {
        return "memory: asking and giving back";
    }
    if symbol.starts_with("mem") || symbol.starts_with("__mem") {
        return "memory: copying and comparing";
    }
    if symbol.contains("serde") {
        return JSON;
    }
    // Generic code of the standard library counts for whom it was made: the first known crate in the name.
    let paths = symbol.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let mut names = paths.filter_map(|path| path.split_once("::")).map(|(name, _)| name);
    let known = |name: &str| PARTS.iter().find(|(_, crates)| crates.contains(&name)).map(|(part, _)| *part);
    names.find_map(known).unwrap_or(if symbol.contains("::") {
        "maps, hashing and the rest of the libraries"
    } else {
        "other"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_summed_by_part_without_the_load() {
        let report = "
    40.00%|tokio-rt-worker|[kernel.kallsyms]|[k] finish_task_switch
    20.00%|load           |tracklane        |[.] tracklane::commands::bench::load::drive
    10.00%|tokio-rt-worker|tracklane        |[.] <tracklane_geo::index::ZoneIndex<K>>::containing
     5.00%|tokio-rt-worker|tracklane        |[.] core::ptr::drop_in_place<tracklane_engine::tracking::Pass>
     5.00%|tokio-rt-worker|libc.so.6        |[.] __memmove_avx512_unaligned_erms
    20.00%|tokio-rt-worker|tracklane        |[.] _mi_malloc_generic
     2.00%|sqlite-writer  |tracklane        |[.] walChecksumBytes
     2.00%|tokio-rt-worker|tracklane        |[.] <&mut serde_json::de::Deserializer<R> as serde_core::de::Deserializer>::deserialize_struct
     4.00%|tokio-rt-worker|tracklane        |[.] <Q as hashbrown::Equivalent<K>>::equivalent
";
        let parts = sum(report);
        let expected = [
            ("the kernel: sockets, disk, switching", 40.0),
            ("memory: asking and giving back", 20.0),
            ("zones: index and visits", 10.0),
            ("memory: copying and comparing", 5.0),
            ("tracking: stages and states", 5.0),
            ("maps, hashing and the rest of the libraries", 4.0),
            (DATABASE, 2.0),
            (JSON, 2.0),
        ];
        let shares: BTreeMap<_, _> =
            parts.iter().map(|(name, share)| (name.as_str(), (share * 0.88).round())).collect();
        assert_eq!(shares, expected.into_iter().collect());
        assert!(parts.is_sorted_by(|before, after| before.1 >= after.1));
    }
}

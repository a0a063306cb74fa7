//! Every metric is on the dashboard, and neither dashboard nor alerts ask for one that is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Finding;

/// Where the list of metrics stands.
const LIST: &str = "crates/server/src/metrics.rs";
const DASHBOARD: &str = "deploy/grafana/dashboards/tracklane.json";
/// What asks for metrics by name.
const READERS: &[&str] = &[DASHBOARD, "deploy/prometheus/alerts.yml", "deploy/prometheus/alerts.test.yml"];
/// What stands behind the name of the field in the name of a series.
const ENDINGS: &[&str] = &["", "_total", "_seconds", "_seconds_bucket", "_seconds_count", "_seconds_sum"];

pub fn check(root: &Path, findings: &mut Vec<Finding>) {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let list = read(LIST);
    let known = listed(&list);
    for path in READERS {
        let asked = series(&read(path));
        let mut add = |rule: String| findings.push(Finding { path: root.join(path), line: 1, rule });
        for name in &asked {
            if !known.iter().any(|metric| is_of(name, metric)) {
                add(format!("{name} is no metric of the server: see {LIST}"));
            }
        }
        if *path == DASHBOARD {
            for metric in known.iter().filter(|metric| !asked.iter().any(|name| is_of(name, metric))) {
                add(format!("the metric {metric} is not shown"));
            }
        }
    }
}

/// The fields of the list.
fn listed(source: &str) -> Vec<&str> {
    let list = source.split_once("\nmetrics! {").map_or("", |(_, list)| list);
    let list = list.split_once("\n}").map_or("", |(list, _)| list);
    list.lines()
        .filter_map(|line| line.trim().split_once(": ").map(|(name, _)| name))
        .filter(|name| is_word(name))
        .collect()
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The names of series in a text.
fn series(text: &str) -> BTreeSet<String> {
    let after = text.split("tracklane_").skip(1);
    after
        .map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default().to_owned())
        .collect()
}

fn is_of(series: &str, metric: &str) -> bool {
    series.strip_prefix(metric).is_some_and(|ending| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        let source = "x\nmetrics! {\n    /// Help: of it.\n    positions: Counter = Counter::default(), None;\n}\n";
        assert_eq!(listed(source), ["positions"]);
        let asked = series("rate(tracklane_positions_total[5m]) / tracklane_lag");
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["lag", "positions_total"]);
        assert!(is_of("positions_total", "positions") && !is_of("positions_waiting", "positions"));
    }
}

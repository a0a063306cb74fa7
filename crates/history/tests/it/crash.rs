//! A process is killed in the middle of appending, again and again: what it was told is durable must be there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tracklane_core::ports::PositionHistory;
use tracklane_history::{History, Settings};

use crate::support::{all, position, replayed};

/// The folder, told to the process that is going to be killed.
const FOLDER: &str = "TRACKLANE_HISTORY_CRASH_FOLDER";
/// The number it begins with.
const FROM: &str = "TRACKLANE_HISTORY_CRASH_FROM";
const DEVICES: u64 = 5;
/// So many appends are under way at once.
const TASKS: u32 = 8;

fn settings() -> Settings {
    // Sealing, merging and reuse of log files are under way nearly all the time.
    Settings { wal_segment_bytes: 16_384, seal_records: 300, merge_fan_in: 2, ..Settings::default() }
}

fn positions(number: u32) -> Vec<tracklane_core::position::Position> {
    // Each number is a batch of its own size.
    let rows = 0..=number % 4;
    rows.map(|row| position(u64::from(number) % DEVICES, i64::from(number * 4 + row) * 1_000_000, number)).collect()
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut begun = 0;
    for round in 0..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::appends_until_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env(FROM, begun.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            let numbers = lines.filter_map(|line| line.strip_prefix("ack ").and_then(|text| text.parse::<u32>().ok()));
            numbers.for_each(|number| send.send(number).unwrap());
        });
        let first = receive.recv_timeout(Duration::from_secs(20)).unwrap();
        std::thread::sleep(Duration::from_millis(100 + 97 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        let numbers: Vec<u32> = [first].into_iter().chain(receive).collect();
        // Lines come in about the order of numbers; no more than one append of each task can be unknown.
        begun = numbers.iter().max().unwrap() + 2 * TASKS;
        acknowledged.extend(numbers);

        let history = History::open(folder.path(), settings()).unwrap();
        let mut found: BTreeMap<u32, usize> = BTreeMap::new();
        for device in 0..DEVICES {
            for kept in all(&history, device) {
                let seconds = kept.fix_time.as_second() - crate::support::time(0).as_second();
                let number = u32::try_from(seconds / 4).unwrap();
                assert!(positions(number).contains(&kept), "nobody appended {kept:?}");
                *found.entry(number).or_default() += 1;
            }
        }
        for number in &acknowledged {
            assert_eq!(found.get(number), Some(&positions(*number).len()), "append {number}, round {round}");
        }
        for (number, rows) in &found {
            assert_eq!(*rows, positions(*number).len(), "append {number} is there in part");
        }
        let log = replayed(&history, 1).unwrap();
        assert_eq!(log.last().map_or(1, |(lsn, _)| lsn + 1), history.next_lsn());
    }
}

/// Not a test of its own: what the process to be killed runs.
#[test]
fn appends_until_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let from: u32 = std::env::var(FROM).unwrap().parse().unwrap();
    let history = std::sync::Arc::new(History::open(folder, settings()).unwrap());
    println!();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let next = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(from));
    for _ in 0..TASKS {
        let (history, next) = (history.clone(), next.clone());
        runtime.spawn(async move {
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let (_, last) = history.append_and_wait(positions(number)).await.unwrap();
                println!("ack {number}");
                if number % 50 == 0 {
                    history.checkpoint(last.saturating_sub(200)).unwrap();
                }
            }
        });
    }
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nobody killed me");
}

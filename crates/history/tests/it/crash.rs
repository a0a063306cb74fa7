//! A process is killed in the middle of appending, sealing, merging, thinning, dropping and erasing, again and again: what it
//! was told is durable must be there, and what it was told is erased must not.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tracklane_core::id::{Id as _, TenantId};
use tracklane_core::ports::{Limits, PositionHistory};
use tracklane_core::position::Position;
use tracklane_history::{History, Settings};
use uuid::Uuid;

use crate::support::{all, device, position, query, replayed, tenant, time};

/// The folder, told to the process that is going to be killed.
const FOLDER: &str = "TRACKLANE_HISTORY_CRASH_FOLDER";
/// The number it begins with.
const FROM: &str = "TRACKLANE_HISTORY_CRASH_FROM";
const DEVICES: u64 = 5;
/// So many appends are under way at once.
const TASKS: u32 = 8;

fn settings() -> Settings {
    // Sealing, merging and reuse of log files are under way nearly all the time.
    Settings {
        wal_segment_bytes: 16_384,
        seal_records: 300,
        merge_fan_in: 2,
        partition_seconds: 5_000,
        ..Settings::default()
    }
}

/// A device that is erased again and again.
const FORGOTTEN: u64 = 90;
/// A tenant whose positions are thinned to the first one in so many seconds.
const THINNED_SECONDS: u32 = 10;

fn thinned_tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0xbeef))
}

/// The position number `number` of the tenant that is thinned, a second after the one before it.
fn thinned(number: u32) -> Position {
    Position { tenant_id: thinned_tenant(), ..position(1, i64::from(number) * 1_000_000, number) }
}

/// What is far too old for that tenant.
fn dropped(number: u32) -> Position {
    Position { tenant_id: thinned_tenant(), ..position(2, -1_000_000_000_000 + i64::from(number), number) }
}

/// Everything of the tenant that is thinned.
fn all_thinned(history: &History, of_device: u64) -> Vec<Position> {
    let mut query = query(of_device, -10_000_000_000_000, 1_000_000_000_000_000, usize::MAX);
    query.tenant_id = thinned_tenant();
    history.read(&query).unwrap()
}

fn positions(number: u32) -> Vec<Position> {
    // Each number is a batch of its own size.
    let rows = 0..=number % 4;
    rows.map(|row| position(u64::from(number) % DEVICES, i64::from(number * 4 + row) * 1_000_000, number)).collect()
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let (mut kept, mut erased) = (Vec::new(), None);
    let mut begun = 0;
    for round in 0..10_u64 {
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
            let said = lines.filter_map(|line| {
                let (what, number) = line.split_once(' ')?;
                Some((what.to_owned(), number.parse::<u32>().ok()?))
            });
            said.for_each(|said| send.send(said).unwrap());
        });
        let first = receive.recv_timeout(Duration::from_secs(20)).unwrap();
        std::thread::sleep(Duration::from_millis(100 + 61 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        for (what, number) in [first].into_iter().chain(receive) {
            match what.as_str() {
                "ack" => acknowledged.push(number),
                "kept" => kept.push(number),
                "erased" => erased = erased.max(Some(number)),
                _ => {}
            }
            // Lines come in about the order of numbers; no more than one append of each task can be unknown.
            begun = begun.max(number + 2 * TASKS);
        }

        let history = History::open(folder.path(), settings()).unwrap();
        let mut found: BTreeMap<u32, usize> = BTreeMap::new();
        for device in 0..DEVICES {
            for kept in all(&history, device) {
                let seconds = kept.fix_time.as_second() - time(0).as_second();
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
        for kept in all(&history, FORGOTTEN) {
            let number = number_of(&kept);
            assert!(erased.is_none_or(|erased| number > erased), "{number} was erased, up to {erased:?}");
        }
        let found: Vec<u32> = all_thinned(&history, 1).iter().map(number_of).collect();
        for number in kept.iter().filter(|number| *number % THINNED_SECONDS == 0) {
            assert!(found.contains(number), "the first one of its seconds is gone: {number}, round {round}");
        }
        let log = replayed(&history, 1).unwrap();
        assert_eq!(log.last().map_or(1, |(lsn, _)| lsn + 1), history.next_lsn());
    }
}

/// The number of a position that stands so many seconds after the beginning.
fn number_of(position: &Position) -> u32 {
    u32::try_from(position.fix_time.as_second() - time(0).as_second()).unwrap()
}

/// Keeps house while others append.
async fn keep_house(history: &History, from: u32) {
    for number in from.. {
        let (forgotten, old) = (position(FORGOTTEN, i64::from(number) * 1_000_000, number), dropped(number));
        let batch = vec![forgotten, old, thinned(number)];
        history.append_and_wait(batch).await.unwrap();
        println!("kept {number}");
        if number % 20 == 0 {
            history.erase(tenant(), Some(device(FORGOTTEN))).await.unwrap();
            println!("erased {number}");
        }
        if number % 50 == 0 {
            let (drop_before, thin_before) = (time(-1_000_000), time(i64::from(number) * 1_000_000));
            let tenant_id = thinned_tenant();
            let limits = Limits { tenant_id, drop_before, thin_before, thin_seconds: THINNED_SECONDS };
            history.retain(vec![limits]).await.unwrap();
            println!("retained {number}");
        }
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
    let keeper = history.clone();
    runtime.spawn(async move { keep_house(&keeper, from).await });
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nobody killed me");
}

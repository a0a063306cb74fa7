//! What an append promises, the log numbers, checkpoint and replay, opening and closing.

use std::time::{Duration, Instant};

use tracklane_core::ports::{HistoryError, PositionHistory};
use tracklane_history::{Error, History, Settings};

use crate::support::{all, append, position, query, replayed, run, small, unsealed};

#[test]
fn what_is_appended_is_read_and_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(history.next_lsn(), 1);
    assert_eq!(append(&history, vec![]).unwrap(), (1, 0));
    let batch: Vec<_> = (0..10).map(|n| position(1, i64::from(n) * 1_000_000, n)).collect();
    assert_eq!(append(&history, batch.clone()).unwrap(), (1, 10));
    assert_eq!(append(&history, vec![position(2, 5, 77)]).unwrap(), (11, 11));
    assert_eq!(history.next_lsn(), 12);
    assert_eq!(all(&history, 1), batch);
    assert_eq!(run(history.range(query(1, 2_000_000, 5_000_000, 100))).unwrap(), batch[2..5]);
    assert_eq!(run(history.range(query(1, 2_000_000, 5_000_000, 2))).unwrap(), batch[2..4]);
    assert_eq!(run(history.range(query(1, 5_000_000, 2_000_000, 2))).unwrap(), []);
    assert_eq!(run(history.range(query(3, 0, 5_000_000, 2))).unwrap(), []);
    history.close().unwrap();
    assert_eq!(all(&history, 1), batch, "reading goes on after closing");
    assert!(matches!(append(&history, batch.clone()), Err(HistoryError::Io(_))));
    assert!(history.health().is_err());
    drop(history);

    let history = History::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(history.next_lsn(), 12);
    assert_eq!(history.stats().unsealed_positions, 0);
    assert_eq!(history.stats().sealed_positions, 11);
    assert_eq!(run(history.range(query(1, 2_000_000, 5_000_000, 100))).unwrap(), batch[2..5]);
    assert_eq!(history.health(), Ok(()));
}

#[test]
fn another_tenant_sees_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), small()).unwrap();
    append(&history, vec![position(1, 0, 1)]).unwrap();
    let mut foreign = query(1, -1, 1, 10);
    foreign.tenant_id = tracklane_core::id::Id::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(history.read(&foreign).unwrap(), []);
    history.seal().unwrap();
    assert_eq!(history.read(&foreign).unwrap(), []);
    assert_eq!(all(&history, 1).len(), 1);
}

#[test]
fn keeps_what_lies_outside_of_the_kept_range_at_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), small()).unwrap();
    let mut odd = position(1, 0, 1);
    odd.fix.altitude_m = Some(f32::NEG_INFINITY);
    odd.fix.speed_mps = Some(1e9);
    odd.fix.course_deg = Some(-1.0);
    odd.fix.accuracy_m = Some(f32::NAN);
    odd.fix.point.lat = 51.123_456_789;
    append(&history, vec![odd]).unwrap();
    let before = all(&history, 1);
    assert_eq!(before[0].fix.speed_mps, Some(655.34));
    assert_eq!(before[0].fix.course_deg, Some(0.0));
    assert_eq!(before[0].fix.accuracy_m, Some(0.0));
    assert_eq!(before[0].fix.point.lat, 51.123_456_8);
    history.seal().unwrap();
    assert_eq!(all(&history, 1), before, "the same after sealing");
}

#[test]
fn many_tasks_share_syncs_and_get_their_own_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { queue_records: 8, sync_delay: Duration::from_millis(1), ..small() };
    let history = History::open(folder.path(), settings).unwrap();
    let started = Instant::now();
    let mut numbers = run(async {
        let appends =
            (0..200_u32).map(|n| history.append_and_wait(vec![position(u64::from(n % 5), i64::from(n), n); 2]));
        let tasks: Vec<_> = appends.collect();
        let mut numbers = Vec::new();
        // Polled together, so that they queue up behind one another.
        for outcome in futures_of(tasks).await {
            numbers.push(outcome.unwrap());
        }
        numbers
    });
    numbers.sort_unstable();
    let expected: Vec<_> = (0..200).map(|n| (n * 2 + 1, n * 2 + 3)).collect();
    assert_eq!(numbers, expected);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((0..5).map(|n| all(&history, n).len()).sum::<usize>(), 200);
}

#[test]
fn numbers_are_given_in_the_order_of_the_calls_and_nobody_has_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { queue_records: 3, sync_delay: Duration::from_millis(20), ..small() };
    let history = History::open(folder.path(), settings).unwrap();
    let appended: Vec<_> = (0..5).map(|n| history.append(vec![position(1, i64::from(n), n)]).unwrap()).collect();
    assert!(history.is_busy() && history.waiting() >= 3, "{} wait", history.waiting());
    assert_eq!(
        appended.iter().map(|one| (one.first, one.next)).collect::<Vec<_>>(),
        [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]
    );
    // Durable when everything before is.
    let last = history.append(vec![]).unwrap();
    assert_eq!((last.first, last.next), (6, 6));
    run(last.durable).unwrap();
    assert_eq!((history.next_lsn(), history.waiting(), history.is_busy()), (6, 0, false));
    assert_eq!(all(&history, 1).len(), 5);
    run(history.resume()).unwrap();
    history.close().unwrap();
    assert!(run(history.resume()).is_err());
}

/// Waits for all at once.
async fn futures_of<T: Send>(futures: Vec<tracklane_core::ports::BoxFuture<'_, T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Some).collect();
    let mut outcomes = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut futures {
            if let Some(future) = slot
                && let std::task::Poll::Ready(outcome) = future.as_mut().poll(context)
            {
                outcomes.push(outcome);
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outcomes
}

#[test]
fn an_append_that_nobody_waits_for_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { sync_delay: Duration::from_millis(20), ..small() };
    let history = History::open(folder.path(), settings).unwrap();
    run(async {
        let given_up =
            tokio::time::timeout(Duration::from_millis(5), history.append_and_wait(vec![position(1, 0, 1)])).await;
        assert!(given_up.is_err());
    });
    append(&history, vec![position(1, 1, 2)]).unwrap();
    assert_eq!(all(&history, 1).len(), 2);
}

#[test]
fn two_cannot_open_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), small()).unwrap();
    assert!(matches!(History::open(folder.path(), small()), Err(Error::Locked(_))));
    history.close().unwrap();
    History::open(folder.path(), small()).unwrap();
}

#[test]
fn replay_gives_everything_from_the_checkpoint_on_even_when_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(folder.path(), small()).unwrap();
    let positions: Vec<_> = (0..300_u32).map(|n| position(u64::from(n % 3), i64::from(n) * 1_000_000, n)).collect();
    for batch in positions.chunks(7) {
        append(&history, batch.to_vec()).unwrap();
    }
    for again in 0..3 {
        for lsn in [0, 1, 2, 8, 9, 150, 299, 300, 301, 400] {
            let expected: Vec<_> = (1..).zip(positions.clone()).filter(|(number, _)| *number >= lsn).collect();
            assert_eq!(replayed(&history, lsn).unwrap(), expected, "from {lsn}, time {again}");
        }
        history.close().unwrap();
        drop(history);
        history = History::open(folder.path(), small()).unwrap();
    }
}

#[test]
fn log_files_are_used_again_once_sealed_and_before_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let logs = || {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("wal-")).count()
    };
    let history = History::open(folder.path(), unsealed()).unwrap();
    for n in 0..600_u32 {
        append(&history, vec![position(1, i64::from(n), n)]).unwrap();
    }
    let many = logs();
    assert!(many > 5, "{many} files");
    history.checkpoint(500).unwrap();
    assert_eq!(logs(), many, "not sealed yet");
    history.seal().unwrap();
    let few = logs();
    assert!((2..many).contains(&few), "{few} of {many} files");
    assert_eq!(replayed(&history, 500).unwrap().len(), 101);
    let available = replayed(&history, 1).unwrap();
    assert!((101..600).contains(&available.len()), "what is left, without error: {}", available.len());
    // A checkpoint never goes back, and never ahead.
    history.checkpoint(3).unwrap();
    history.checkpoint(u64::MAX).unwrap();
    history.seal().unwrap();
    assert!(logs() <= 2, "only the one in use, and the next one");
    assert_eq!(history.next_lsn(), 601);
    drop(history);
    let history = History::open(folder.path(), unsealed()).unwrap();
    assert_eq!(history.next_lsn(), 601);
    assert_eq!(append(&history, vec![position(1, 1_000, 1)]).unwrap(), (601, 601));
    assert_eq!(all(&history, 1).len(), 601);
    assert_eq!(replayed(&history, 601).unwrap().len(), 1);
}

#[test]
fn a_batch_larger_than_a_log_file_and_than_the_queue_goes_through() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { queue_records: 10, ..unsealed() };
    let history = History::open(folder.path(), settings.clone()).unwrap();
    append(&history, vec![position(1, -1, 1)]).unwrap();
    let batch: Vec<_> = (0..1_000_u32).map(|n| position(1, i64::from(n), n)).collect();
    append(&history, batch).unwrap();
    append(&history, vec![position(1, 5_000, 1)]).unwrap();
    drop(history);
    let history = History::open(folder.path(), settings).unwrap();
    assert_eq!(all(&history, 1).len(), 1_002);
}

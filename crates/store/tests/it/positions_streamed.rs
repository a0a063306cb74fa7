//! Position history that several processes write to, each for the partitions that it tracks.

use std::sync::Arc;

use tracklane_core::ports::{HistoryError, HistoryQuery, Limits, PositionHistory as _, StreamedHistory as _, Tenure};
use tracklane_core::position::Position;
use tracklane_store::{Error, PgHistory, PgStreamedHistory};

use crate::harness::{admin, create_database, postgres_url};
use crate::positions::{at, device, position, tenant};

const WEEK: i64 = 7 * 86_400;

/// Runs a test on a database of its own, if there is a PostgreSQL.
async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(String) -> F) {
    let Some(base) = postgres_url() else { return };
    let url = create_database(&base).await;
    test(url.clone()).await;
    let (_, name) = url.rsplit_once('/').unwrap();
    admin(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

fn tenure(partition: u32, epoch: i64) -> Tenure {
    Tenure { partition, epoch }
}

async fn of(history: &impl std::ops::Deref<Target = PgStreamedHistory>, of_device: u64) -> Vec<Position> {
    let query = HistoryQuery {
        tenant_id: tenant(),
        device_id: device(of_device),
        from: at(-WEEK),
        to: at(100 * WEEK),
        limit: 1_000,
    };
    history.range(query).await.unwrap()
}

async fn open(url: &str) -> Arc<PgStreamedHistory> {
    Arc::new(PgStreamedHistory::open(url).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_is_written_by_who_took_it_over_last() {
    on_postgres(async |url: String| {
        let (one, two) = (open(&url).await, open(&url).await);
        assert_eq!(one.take_over(tenure(0, 1), 1_000).await.unwrap(), 0);
        assert_eq!(two.take_over(tenure(1, 1), 1_000).await.unwrap(), 0);
        // Both at once, many calls, some in different weeks.
        let mut waiting = Vec::new();
        for number in 1..=50_i64 {
            let batch = |of: u64| vec![position(of, number, 1), position(of, number + WEEK, 2)];
            waiting.push(one.append_streamed(tenure(0, 1), number.unsigned_abs(), batch(1)));
            waiting.push(two.append_streamed(tenure(1, 1), number.unsigned_abs() * 3, batch(2)));
        }
        for durable in waiting {
            durable.await.unwrap();
        }
        assert_eq!((of(&one, 1).await.len(), of(&one, 2).await.len()), (100, 100));

        // The partition changes hands: what its former owner sends is refused, and nothing else of it.
        assert_eq!(two.take_over(tenure(0, 2), 1_000).await.unwrap(), 50);
        assert!(matches!(one.take_over(tenure(0, 1), 1_000).await, Err(HistoryError::Fenced)), "an epoch that is over");
        assert_eq!(one.take_over(tenure(7, 1), 1_000).await.unwrap(), 0);
        let late = one.append_streamed(tenure(0, 1), 51, vec![position(1, 51, 1)]);
        let fine = one.append_streamed(tenure(7, 1), 9, vec![position(7, 51, 1)]);
        assert!(matches!(late.await, Err(HistoryError::Fenced)));
        fine.await.unwrap();
        two.append_streamed(tenure(0, 2), 51, vec![position(1, 52, 1)]).await.unwrap();
        two.append_streamed(tenure(0, 2), 51, Vec::new()).await.unwrap();
        assert_eq!(of(&one, 1).await.len(), 101);
        assert_eq!((of(&one, 7).await.len(), one.waiting()), (1, 0));
        // The broker has lost what was behind: the same numbers come again.
        assert_eq!(two.take_over(tenure(0, 3), 20).await.unwrap(), 20);
        two.append_streamed(tenure(0, 3), 21, vec![position(1, 53, 1)]).await.unwrap();
        assert_eq!(of(&one, 1).await.len(), 102);
        one.close().await;
        assert!(one.append_streamed(tenure(7, 1), 10, Vec::new()).await.is_err(), "it is closed");
        two.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_later_is_read_whoever_wrote_it() {
    on_postgres(async |url: String| {
        // Alone, then several, then alone again: numbers grow.
        let alone = PgHistory::open(&url).await.unwrap();
        alone.append_and_wait(vec![position(1, 0, 1), position(2, 0, 1)]).await.unwrap();
        assert!(matches!(PgStreamedHistory::open(&url).await, Err(Error::Unavailable(_))), "it is written by one");
        alone.close().await;
        let (one, two) = (open(&url).await, open(&url).await);
        assert!(matches!(PgHistory::open(&url).await, Err(Error::Unavailable(_))), "it is written by several");
        one.take_over(tenure(0, 1), 1_000).await.unwrap();
        one.append_streamed(tenure(0, 1), 1, vec![position(1, 0, 2), position(1, 0, 3)]).await.unwrap();
        assert_eq!(of(&one, 1).await, [position(1, 0, 3)], "of two in one call the second");
        two.take_over(tenure(0, 2), 1_000).await.unwrap();
        two.append_streamed(tenure(0, 2), 2, vec![position(1, 0, 4)]).await.unwrap();
        assert_eq!(of(&one, 1).await, [position(1, 0, 4)]);
        one.close().await;
        two.close().await;
        let alone = PgHistory::open(&url).await.unwrap();
        alone.append_and_wait(vec![position(1, 0, 5)]).await.unwrap();
        alone.close().await;
        let one = open(&url).await;
        assert_eq!(of(&one, 1).await, [position(1, 0, 5)]);
        one.take_over(tenure(0, 3), 1_000).await.unwrap();
        one.append_streamed(tenure(0, 3), 3, vec![position(1, 0, 6)]).await.unwrap();
        assert_eq!(of(&one, 1).await, [position(1, 0, 6)]);
        assert_eq!(of(&one, 2).await, [position(2, 0, 1)]);
        one.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_kept_while_several_write() {
    on_postgres(async |url: String| {
        let (one, two) = (open(&url).await, open(&url).await);
        one.take_over(tenure(0, 1), 1_000).await.unwrap();
        two.take_over(tenure(1, 1), 1_000).await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let writer = two.clone();
        let writing = tokio::spawn(async move {
            let mut number = 0;
            let mut stopped = stopped;
            while stopped.try_recv().is_err() {
                number += 1;
                // Into the week that is thinned meanwhile.
                let late = position(2, i64::try_from(number).unwrap(), 1);
                writer.append_streamed(tenure(1, 1), number, vec![late]).await.unwrap();
            }
            number
        });
        let old: Vec<Position> = (0..600).map(|second| position(1, second, 1)).collect();
        one.append_streamed(tenure(0, 1), 1, old).await.unwrap();
        let limits = |thin_seconds| {
            vec![Limits { tenant_id: tenant(), drop_before: at(-WEEK), thin_before: at(2 * WEEK), thin_seconds }]
        };
        let retained = one.retain(limits(60)).await.unwrap();
        assert_eq!(retained.rewritten_parts, 1);
        assert_eq!(of(&one, 1).await.len(), 10);
        stop.send(()).unwrap();
        let written = writing.await.unwrap();
        // What came before was thinned, what came meanwhile stays until the next time: none is lost between the two.
        let kept = of(&one, 2).await;
        assert_eq!(kept.last().map(|last| last.fix_time), Some(at(i64::try_from(written).unwrap())));
        assert!(kept.windows(2).all(|pair| pair[1].fix_time.as_second() - pair[0].fix_time.as_second() <= 60));
        one.close().await;
        two.close().await;
    })
    .await;
}

//! What every position history promises, held against both: the files in the data folder and PostgreSQL.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracklane_core::Timestamp;
use tracklane_core::bounds::BoundingBox;
use tracklane_core::id::{DeviceId, Id as _, TenantId};
use tracklane_core::ports::{
    AreaCursor, AreaQuery, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory, Retained,
};
use tracklane_core::position::{Attributes, Fix, Mark, Point, Position};
use tracklane_history::{History, Settings};
use tracklane_store::PgHistory;
use uuid::Uuid;

use crate::harness::{admin, create_database, postgres_url};

/// Thursday, 2026-01-01T00:00:00Z, when a week of fix time begins on both.
const EPOCH_SECONDS: i64 = 1_767_225_600;
const WEEK: i64 = 7 * 86_400;

/// Where positions are kept during a test.
enum Ground {
    Files(tempfile::TempDir),
    Postgres(String),
}

/// A history that is open.
enum Open {
    Files(Arc<History>),
    Postgres(Arc<PgHistory>),
}

impl std::ops::Deref for Open {
    type Target = dyn PositionHistory;
    fn deref(&self) -> &Self::Target {
        match self {
            Self::Files(history) => history.as_ref(),
            Self::Postgres(history) => history.as_ref(),
        }
    }
}

impl Open {
    /// Lets go as a stop in order does.
    async fn close(self) {
        match self {
            Self::Files(history) => tokio::task::spawn_blocking(move || history.close()).await.unwrap().unwrap(),
            Self::Postgres(history) => history.close().await,
        }
    }

    /// Files keep what is in their log only until it is sealed.
    async fn settle(&self) {
        if let Self::Files(history) = self {
            let history = history.clone();
            tokio::task::spawn_blocking(move || history.seal()).await.unwrap().unwrap();
        }
    }

    async fn put(&self, batch: &[Position]) -> (Lsn, Lsn) {
        self.append_and_wait(batch.to_vec()).await.unwrap()
    }

    async fn all(&self, of_device: u64) -> Vec<Position> {
        self.all_of(tenant(), of_device).await
    }

    async fn all_of(&self, tenant_id: TenantId, of_device: u64) -> Vec<Position> {
        let (from, to) = (Timestamp::UNIX_EPOCH, at(1_000 * WEEK));
        let device_id = device(of_device);
        self.range(HistoryQuery { tenant_id, device_id, from, to, limit: 1_000_000 }).await.unwrap()
    }

    fn replayed(&self, from: Lsn) -> Vec<(Lsn, Position)> {
        let mut seen = Vec::new();
        tokio::task::block_in_place(|| {
            self.replay(from, &mut |first, batch| seen.extend((first..).zip(batch))).unwrap();
        });
        seen
    }
}

impl Ground {
    async fn open(&self) -> Open {
        self.try_open().await.unwrap()
    }

    async fn try_open(&self) -> Result<Open, String> {
        match self {
            Self::Files(folder) => {
                let settings = Settings { seal_records: 1_000, ..Settings::default() };
                let history = History::open(folder.path(), settings).map_err(|error| error.to_string())?;
                Ok(Open::Files(Arc::new(history)))
            }
            Self::Postgres(url) => {
                let history = PgHistory::open(url).await.map_err(|error| error.to_string())?;
                Ok(Open::Postgres(Arc::new(history)))
            }
        }
    }

    /// Told to a process that is going to be killed.
    fn name(&self) -> String {
        match self {
            Self::Files(folder) => folder.path().display().to_string(),
            Self::Postgres(url) => url.clone(),
        }
    }
}

async fn on_files<F: Future<Output = ()>>(test: impl FnOnce(Ground) -> F) {
    test(Ground::Files(tempfile::tempdir().unwrap())).await;
}

async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Ground) -> F) {
    let Some(base) = postgres_url() else { return };
    let url = create_database(&base).await;
    test(Ground::Postgres(url.clone())).await;
    let (_, name) = url.rsplit_once('/').unwrap();
    admin(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

/// Makes of every `async fn name(ground: Ground)` a test on each.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod files {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::on_files(super::$name).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::on_postgres(super::$name).await;
                }
            )*
        }
    };
}

on_both!(
    gives_numbers_and_reads_what_was_appended,
    keeps_every_field,
    the_later_one_of_two_with_one_fix_time_is_read,
    fixes_of_any_age_are_kept,
    replays_what_was_appended_in_order,
    numbers_follow_the_order_of_the_calls,
    finds_who_was_in_an_area,
    what_is_erased_is_gone,
    each_tenant_keeps_what_it_wants,
    only_one_may_write,
    what_was_acknowledged_survives_a_kill,
);

pub fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0xfeed))
}

fn other_tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0xbeef))
}

pub fn device(number: u64) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(EPOCH_SECONDS + seconds).unwrap()
}

/// A position without anything that keeping it would round. It is received when it is taken.
pub fn position(of_device: u64, seconds: i64, value: u32) -> Position {
    Position {
        tenant_id: tenant(),
        device_id: device(of_device),
        fix_time: at(seconds),
        received_at: at(seconds),
        fix: Fix {
            point: Point { lat: f64::from(value) / 100.0, lon: f64::from(value) / -100.0 },
            altitude_m: None,
            speed_mps: Some(0.25),
            course_deg: None,
            accuracy_m: None,
            valid: true,
        },
        attributes: Attributes::new(),
        mark: None,
    }
}

async fn gives_numbers_and_reads_what_was_appended(ground: Ground) {
    let history = ground.open().await;
    assert_eq!((history.next_lsn(), history.health()), (1, Ok(())));
    assert_eq!(history.put(&[]).await, (1, 1));
    let batch: Vec<_> = (0..10).map(|n| position(1, i64::from(n), n)).collect();
    assert_eq!(history.put(&batch).await, (1, 11));
    assert_eq!(history.put(&[position(2, 0, 7)]).await, (11, 12));
    assert_eq!((history.next_lsn(), history.waiting(), history.is_busy()), (12, 0, false));
    history.checkpoint(5).unwrap();
    for round in 0..2 {
        assert_eq!(history.all(1).await, batch, "round {round}");
        let query = |from, to, limit| {
            let (tenant_id, device_id) = (tenant(), device(1));
            HistoryQuery { tenant_id, device_id, from: at(from), to: at(to), limit }
        };
        assert_eq!(history.range(query(2, 5, 100)).await.unwrap(), batch[2..5]);
        assert_eq!(history.range(query(2, 5, 2)).await.unwrap(), batch[2..4]);
        assert_eq!(history.range(query(2, 5, 0)).await.unwrap(), []);
        assert_eq!(history.range(query(5, 2, 9)).await.unwrap(), []);
        assert_eq!(history.all(3).await, []);
        assert_eq!(history.all_of(other_tenant(), 1).await, [], "another tenant sees nothing");
        history.settle().await;
    }
    history.close().await;
    let history = ground.open().await;
    assert_eq!(history.next_lsn(), 12);
    assert_eq!(history.all(1).await, batch);
    assert_eq!(history.put(&[position(2, 1, 8)]).await, (12, 13));
    history.close().await;
}

async fn keeps_every_field(ground: Ground) {
    let history = ground.open().await;
    let mut full = position(1, 5, 9);
    full.received_at = Timestamp::from_microsecond((EPOCH_SECONDS + 6) * 1_000_000 + 123_456).unwrap();
    full.fix = Fix {
        point: Point { lat: -41.123_456_7, lon: 179.999_999_9 },
        altitude_m: Some(-12.5),
        speed_mps: Some(13.25),
        course_deg: Some(359.5),
        accuracy_m: Some(4.75),
        valid: false,
    };
    full.mark = Some(Mark::Teleport);
    let text =
        serde_json::json!({ "battery": 0.5, "alarm": "ü \"\\u0000\" \n", "nested": { "list": [1, null, true] } });
    full.attributes = text.as_object().unwrap().clone();
    history.put(std::slice::from_ref(&full)).await;
    assert_eq!(history.all(1).await, std::slice::from_ref(&full));
    history.settle().await;
    assert_eq!(history.all(1).await, [full]);
    // What PostgreSQL cannot keep must not stop what comes with it.
    let mut odd = position(2, 5, 9);
    odd.attributes.insert("name".to_owned(), "a\0b".into());
    history.put(&[odd]).await;
    assert_eq!(history.all(2).await.len(), 1);
    history.close().await;
}

async fn the_later_one_of_two_with_one_fix_time_is_read(ground: Ground) {
    let history = ground.open().await;
    let mut expected: Vec<_> = (0..20).map(|n| position(1, i64::from(n), n)).collect();
    history.put(&expected).await;
    history.settle().await;
    expected[7] = position(1, 7, 70);
    // Twice in one batch, too.
    history.put(&[position(1, 7, 60), expected[7].clone()]).await;
    assert_eq!(history.all(1).await, expected);
    history.settle().await;
    assert_eq!(history.all(1).await, expected);
    let mut query = HistoryQuery { tenant_id: tenant(), device_id: device(1), from: at(7), to: at(8), limit: 1 };
    assert_eq!(history.range(query.clone()).await.unwrap(), expected[7..8]);
    query.to = at(9);
    query.limit = 2;
    assert_eq!(history.range(query).await.unwrap(), expected[7..9]);
    history.close().await;
}

async fn fixes_of_any_age_are_kept(ground: Ground) {
    let history = ground.open().await;
    // From 26 years ago to the next weeks; received now.
    let weeks = [-1_350, -500, -106, -105, -104, -103, -2, -1, 0, 1, 5];
    let mut expected: Vec<_> = weeks.iter().map(|week| position(1, week * WEEK + 17, 3)).collect();
    expected.iter_mut().for_each(|position| position.received_at = at(6 * WEEK));
    for late in expected.iter().rev() {
        history.put(std::slice::from_ref(late)).await;
    }
    assert_eq!(history.all(1).await, expected);
    history.settle().await;
    assert_eq!(history.all(1).await, expected);
    history.close().await;
    let history = ground.open().await;
    // Received later, where the oldest weeks have no place of their own any more.
    let mut late = position(1, -105 * WEEK + 18, 4);
    late.received_at = at(100 * WEEK);
    history.put(std::slice::from_ref(&late)).await;
    expected.insert(4, late);
    assert_eq!(history.all(1).await, expected);
    history.close().await;
}

async fn replays_what_was_appended_in_order(ground: Ground) {
    let history = ground.open().await;
    let all: Vec<_> = (0..300_u32).map(|n| position(u64::from(n % 3), i64::from(n % 50) * WEEK / 7, n)).collect();
    for batch in all.chunks(7) {
        history.put(batch).await;
    }
    let check = |history: &Open| {
        for from in [0, 1, 2, 150, 300, 301, 400] {
            let expected: Vec<_> = (1..).zip(all.clone()).filter(|(lsn, _)| *lsn >= from).collect();
            assert_eq!(history.replayed(from), expected, "from {from}");
        }
    };
    check(&history);
    history.settle().await;
    check(&history);
    drop(history);
    check(&ground.open().await);
}

async fn numbers_follow_the_order_of_the_calls(ground: Ground) {
    let history = ground.open().await;
    let mut waiting = Vec::new();
    for n in 0..500_u32 {
        let appended = history.append(vec![position(1, i64::from(n), n); 1 + n as usize % 3]).unwrap();
        waiting.push((appended.first, appended.next, appended.durable));
    }
    let mut expected = 1;
    for (index, (first, next, durable)) in waiting.into_iter().enumerate() {
        assert_eq!((first, next), (expected, expected + 1 + index as u64 % 3));
        expected = next;
        durable.await.unwrap();
        assert!(history.next_lsn() >= next);
    }
    assert_eq!(history.waiting(), 0);
    assert_eq!(history.all(1).await.len(), 500);
    assert_eq!(history.replayed(1).len() as u64, expected - 1);
    history.close().await;
}

async fn finds_who_was_in_an_area(ground: Ground) {
    let history = ground.open().await;
    let all: Vec<_> = (0..3).flat_map(|device| (0..200).map(move |n| position(device, i64::from(n), n))).collect();
    history.put(&all).await;
    // Corrected: it was elsewhere.
    history.put(&[Position { fix: position(1, 50, 9_000).fix, ..position(1, 50, 0) }]).await;
    let area = BoundingBox { west: -0.6, south: 0.0, east: -0.4, north: 10.0 };
    let expected: Vec<_> = all.iter().filter(|one| area.contains(one.fix.point)).cloned().collect();
    let expected: Vec<_> =
        expected.into_iter().filter(|one| (one.device_id, one.fix_time) != (device(1), at(50))).collect();
    assert_eq!(expected.len(), 3 * 21 - 1);
    let query = AreaQuery { tenant_id: tenant(), area, from: at(0), to: at(200), after: None, limit: 4 };
    for _ in 0..2 {
        let (mut found, mut query) = (Vec::new(), query.clone());
        loop {
            let page = history.area(query.clone()).await.unwrap();
            found.extend(page.positions);
            let Some(next) = page.next else { break };
            query.after = Some(next);
        }
        assert_eq!(found, expected);
        history.settle().await;
    }
    let after = Some(AreaCursor { device_id: device(1), fix_time: at(55) });
    let page = history.area(AreaQuery { after, to: at(58), limit: 100, ..query.clone() }).await.unwrap();
    let times: Vec<_> = page.positions.iter().map(|one| (one.device_id, one.fix_time)).collect();
    let rest = (40..58).map(|seconds| (device(2), at(seconds)));
    let expected: Vec<_> = [(device(1), at(56)), (device(1), at(57))].into_iter().chain(rest).collect();
    assert_eq!((times, page.next), (expected, None));
    let across = BoundingBox { west: 170.0, south: -90.0, east: -1.95, north: 90.0 };
    let page = history.area(AreaQuery { area: across, limit: 100, ..query.clone() }).await.unwrap();
    assert_eq!(page.positions.len(), 3 * 5 + 1);
    assert_eq!(history.area(AreaQuery { tenant_id: other_tenant(), ..query }).await.unwrap().positions, []);
    history.close().await;
}

async fn what_is_erased_is_gone(ground: Ground) {
    let mut history = ground.open().await;
    let batch: Vec<_> = (0..90_u32).map(|n| position(u64::from(n % 3), i64::from(n), n)).collect();
    history.put(&batch).await;
    history.settle().await;
    history.put(&[position(1, 1_000, 1)]).await;
    let mut foreign = position(1, 5, 5);
    foreign.tenant_id = other_tenant();
    foreign.device_id = device(9);
    history.put(std::slice::from_ref(&foreign)).await;
    history.erase(tenant(), Some(device(1))).await.unwrap();
    let later = position(1, 2_000, 2);
    history.put(std::slice::from_ref(&later)).await;
    for round in 0..3 {
        assert_eq!(history.all(1).await, std::slice::from_ref(&later), "round {round}");
        assert_eq!((history.all(0).await.len(), history.all(2).await.len()), (30, 30));
        if round == 1 {
            history.retain(Vec::new()).await.unwrap();
        }
        history.close().await;
        history = ground.open().await;
    }
    assert_eq!(history.next_lsn(), 94, "numbers are not given again");
    history.erase(tenant(), None).await.unwrap();
    for number in 0..3 {
        assert_eq!(history.all(number).await, []);
    }
    assert_eq!(history.all_of(other_tenant(), 9).await, [foreign]);
    history.close().await;
}

async fn each_tenant_keeps_what_it_wants(ground: Ground) {
    let history = ground.open().await;
    // A position every hour in the first four weeks, of two tenants; the second week has ours alone.
    let ours: Vec<_> = (0..4 * 168).map(|hour| position(1, hour * 3_600, 1)).collect();
    let mut theirs = Vec::new();
    for hour in (0..4 * 168).filter(|hour| hour / 168 != 1) {
        let mut position = position(2, hour * 3_600, 2);
        position.tenant_id = other_tenant();
        theirs.push(position);
    }
    history.put(&ours).await;
    history.put(&theirs).await;
    history.settle().await;
    assert_eq!(history.retain(Vec::new()).await.unwrap(), Retained::default());
    // The first two weeks go, the third is thinned to one position a day.
    let (drop_before, thin_before) = (at(2 * WEEK), at(3 * WEEK));
    let limits = Limits { tenant_id: tenant(), drop_before, thin_before, thin_seconds: 86_400 };
    let retained = history.retain(vec![limits]).await.unwrap();
    assert_eq!((retained.dropped_parts, retained.rewritten_parts), (1, 2), "{retained:?}");
    assert_eq!(retained.removed_positions, 168 + 168 + 161);
    let expected: Vec<_> =
        (2 * 168..3 * 168).step_by(24).chain(3 * 168..4 * 168).map(|hour| ours[hour].clone()).collect();
    assert_eq!(history.all(1).await, expected);
    assert_eq!(history.all_of(other_tenant(), 2).await, theirs);
    assert_eq!(history.retain(vec![limits]).await.unwrap(), Retained::default(), "done once");
    // What comes late is kept to the limits the next day.
    let mut late = vec![position(1, WEEK / 2 + 1, 9), position(1, 2 * WEEK + 5, 9), position(1, 3 * WEEK + 5, 9)];
    late.iter_mut().for_each(|late| late.received_at = at(5 * WEEK));
    history.put(&late).await;
    history.settle().await;
    history.retain(vec![limits]).await.unwrap();
    let kept = history.all(1).await;
    assert_eq!(kept.len(), expected.len() + 1);
    assert!(kept.contains(&late[2]));
    history.close().await;
}

async fn only_one_may_write(ground: Ground) {
    let history = ground.open().await;
    let refused = ground.try_open().await.err().unwrap();
    assert!(refused.contains("another process"), "{refused}");
    history.close().await;
    assert!(history_is_closed(&ground).await);
    ground.open().await.close().await;
}

/// A history that was closed takes nothing more, and says so.
async fn history_is_closed(ground: &Ground) -> bool {
    let history = ground.open().await;
    let keep = match &history {
        Open::Files(history) => Open::Files(history.clone()),
        Open::Postgres(history) => Open::Postgres(history.clone()),
    };
    history.close().await;
    let refused = keep.append(vec![position(1, 1, 1)]);
    matches!(refused, Err(HistoryError::Io(_))) && keep.health().is_err() && keep.resume().await.is_err()
}

/// Where the process that is going to be killed writes.
const GROUND: &str = "TRACKLANE_POSITIONS_CRASH";
const FROM: &str = "TRACKLANE_POSITIONS_CRASH_FROM";

async fn what_was_acknowledged_survives_a_kill(ground: Ground) {
    let mut acknowledged: Vec<u32> = Vec::new();
    let mut begun = 0;
    for round in 0..3_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["positions::appends_until_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(GROUND, ground.name())
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
        let first = receive.recv_timeout(Duration::from_secs(60)).unwrap();
        std::thread::sleep(Duration::from_millis(150 + 97 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        acknowledged.extend([first].into_iter().chain(receive));
        begun = acknowledged.iter().max().unwrap() + 1_000;

        let history = ground.open().await;
        let found = history.all(1).await;
        for number in &acknowledged {
            let mine: Vec<_> = found.iter().filter(|one| one.fix_time.as_second() / 4 == start_of(*number)).collect();
            assert_eq!(mine.len(), 3, "append {number}, round {round}");
        }
        assert_eq!(found.len() % 3, 0, "no append is there in part");
        let log = history.replayed(1);
        assert!(log.iter().map(|(lsn, _)| *lsn).eq(1..history.next_lsn()), "no number is missing");
        history.close().await;
    }
}

fn start_of(number: u32) -> i64 {
    EPOCH_SECONDS / 4 + i64::from(number)
}

/// Not a test of its own: what the process to be killed runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_until_killed() {
    let Ok(name) = std::env::var(GROUND) else { return };
    let from: u32 = std::env::var(FROM).unwrap().parse().unwrap();
    let history: Arc<dyn PositionHistory> = if name.starts_with("postgres") {
        Arc::new(PgHistory::open(&name).await.unwrap())
    } else {
        Arc::new(History::open(&name, Settings { seal_records: 100, ..Settings::default() }).unwrap())
    };
    println!();
    let started = Instant::now();
    let mut number = from;
    while started.elapsed() < Duration::from_secs(60) {
        let mut waiting = Vec::new();
        for _ in 0..8 {
            let seconds = i64::from(number) * 4;
            let batch = (0..3).map(|row| position(1, seconds + row, 1)).collect();
            waiting.push((number, history.append(batch).unwrap().durable));
            number += 1;
        }
        for (number, durable) in waiting {
            durable.await.unwrap();
            println!("ack {number}");
        }
    }
    panic!("nobody killed me");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_loses_and_repeats_nothing() {
    on_postgres(async |ground| {
        let Ground::Postgres(url) = &ground else { return };
        let history = ground.open().await;
        for round in 0..5_u32 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            admin(url, cut.to_owned()).await;
            let batch: Vec<_> = (0..10).map(|n| position(1, i64::from(round * 10 + n), n)).collect();
            let expected = (u64::from(round) * 10 + 1, u64::from(round) * 10 + 11);
            assert_eq!(history.put(&batch).await, expected);
        }
        assert_eq!(history.all(1).await.len(), 50);
        assert_eq!(history.replayed(1).len(), 50);
        history.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_is_refused_until_somebody_goes_on() {
    on_postgres(async |ground| {
        let Ground::Postgres(url) = &ground else { return };
        let history = ground.open().await;
        history.put(&[position(1, 0, 0)]).await;
        admin(url, "ALTER TABLE positions ADD CONSTRAINT no_more CHECK (lat < 5)".to_owned()).await;
        let lost = history.append(vec![position(1, 1, 1_000)]).unwrap();
        assert_eq!((lost.first, lost.next), (2, 3));
        assert!(matches!(lost.durable.await, Err(HistoryError::Io(_))));
        assert!(matches!(history.append(vec![position(1, 2, 2)]), Err(HistoryError::Io(_))), "until somebody goes on");
        assert!(history.health().is_err());
        assert_eq!(history.next_lsn(), 2);
        history.resume().await.unwrap();
        assert_eq!(history.put(&[position(1, 2, 2)]).await, (2, 3));
        assert_eq!(history.health(), Ok(()));
        assert_eq!(history.all(1).await, [position(1, 0, 0), position(1, 2, 2)]);
        history.close().await;
    })
    .await;
}

#[tokio::test]
async fn other_addresses_and_newer_tables_are_refused() {
    assert!(PgHistory::check_url("postgres://u@h/d").is_ok());
    let error = PgHistory::check_url("mysql://u:secret@h/d").err().unwrap().to_string();
    assert!(error.contains("postgres://") && !error.contains("secret"), "{error}");
    assert!(PgHistory::open("file:x").await.is_err());
    let Some(base) = postgres_url() else { return };
    let url = create_database(&base).await;
    assert!(PgHistory::look(&url).await.unwrap().contains("not there yet"));
    PgHistory::open(&url).await.unwrap().close().await;
    assert!(PgHistory::look(&url).await.unwrap().contains("0 positions"));
    admin(&url, "UPDATE position_log SET format = 9".to_owned()).await;
    assert!(PgHistory::look(&url).await.is_err());
    let error = PgHistory::open(&url).await.err().unwrap().to_string();
    assert!(error.contains("newer program"), "{error}");
    let (_, name) = url.rsplit_once('/').unwrap();
    admin(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

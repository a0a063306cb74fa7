//! When the ground gives way: a full disk, a slow one, a database that fails. Nothing that was refused counts as known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use sqlx::Connection as _;
use tokio::sync::Semaphore;
use tracklane_core::event::EventKind;
use tracklane_core::ports::{BoxFuture, HistoryError, HistoryQuery, Lsn, PositionHistory};
use tracklane_core::position::Position;
use tracklane_engine::tracking::{DeviceRef, LatestFilter, RowOutcome};
use tracklane_engine::{Error, Settings};

use crate::kit::{Ground, World, east, fix};
use crate::stage::on_both;

on_both!(what_a_failed_transaction_took_back_happens_once_when_it_comes_again);

/// A history that is full, or takes its time, when it is told to.
struct Moody {
    inner: Arc<dyn PositionHistory>,
    full: AtomicBool,
    /// One permit lets one append through.
    gate: Semaphore,
}

impl Moody {
    fn new(ground: &Ground, permits: usize) -> Arc<Self> {
        let gate = Semaphore::new(permits);
        Arc::new(Self { inner: ground.history(), full: AtomicBool::new(false), gate })
    }
}

impl PositionHistory for Moody {
    fn append(&self, batch: Vec<Position>) -> BoxFuture<'_, Result<(Lsn, Lsn), HistoryError>> {
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            if self.full.load(Ordering::SeqCst) {
                return Err(HistoryError::Full);
            }
            self.inner.append(batch).await
        })
    }

    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>> {
        self.inner.range(query)
    }

    fn replay(&self, lsn: Lsn, each: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError> {
        self.inner.replay(lsn, each)
    }

    fn checkpoint(&self, lsn: Lsn) -> Result<(), HistoryError> {
        self.inner.checkpoint(lsn)
    }

    fn next_lsn(&self) -> Lsn {
        self.inner.next_lsn()
    }

    fn health(&self) -> Result<(), String> {
        self.inner.health()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_forgets_nothing() {
    let ground = Ground::new();
    let history = Moody::new(&ground, 1_000);
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World::on(ground, engine).await;
    let phone = world.device("phone", None).await;
    let centre = east(1_000.0);
    let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
    let zone = serde_json::from_value(json!({ "name": "Depot", "radius_m": 200, "geometry": geometry })).unwrap();
    world.engine.records.zones.create(&world.boss, zone).await.unwrap();
    world.at(phone.id, east(0.0)).await;
    let before = world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap();

    world.ground.pass(10);
    history.full.store(true, Ordering::SeqCst);
    let row = fix(DeviceRef::Id(phone.id), Some(world.ground.now()), centre);
    let refused = world.engine.tracking.submit_one(&world.boss, row.clone()).await;
    assert!(matches!(refused, Err(Error::Full)));
    assert_eq!(world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap(), before);

    history.full.store(false, Ordering::SeqCst);
    let again = world.engine.tracking.submit_one(&world.boss, row.clone()).await.unwrap();
    assert_eq!(again, RowOutcome::Accepted, "what was refused is not known");
    assert_eq!(world.engine.tracking.submit_one(&world.boss, row).await.unwrap(), RowOutcome::Duplicate);
    let entered = world.log().await.iter().filter(|event| event.kind == EventKind::ZoneEntered).count();
    assert_eq!(entered, 1);
    let counted = world.engine.tracking.stats().snapshot();
    assert_eq!((counted.accepted, counted.duplicate), (2, 1), "what was refused is not counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_queue_holds_is_refused_at_once() {
    let ground = Ground::new();
    let history = Moody::new(&ground, 0);
    let mut settings = Settings::default();
    (settings.tracking.shards, settings.tracking.queue) = (1, 1);
    let engine = ground.start_on(history.clone(), settings).await;
    let world = World::on(ground, engine).await;
    let phone = world.device("phone", None).await;
    let mut waiting = Vec::new();
    let mut overloaded = 0;
    for step in 0..8 {
        let at = world.ground.now() - jiff::SignedDuration::from_secs(60 - step);
        let row = fix(DeviceRef::Id(phone.id), Some(at), east(0.0));
        let (tracking, boss) = (world.engine.tracking.clone(), world.boss.clone());
        let mut submission = tokio::spawn(async move { tracking.submit_one(&boss, row).await });
        match tokio::time::timeout(std::time::Duration::from_millis(100), &mut submission).await {
            Err(_) => waiting.push(submission),
            Ok(answer) => {
                assert!(matches!(answer.unwrap(), Err(Error::Overloaded)));
                overloaded += 1;
            }
        }
    }
    assert_eq!((waiting.len(), overloaded), (2, 6), "one in the turn, one in the queue");
    history.gate.add_permits(100);
    for submission in waiting {
        assert_eq!(submission.await.unwrap().unwrap(), RowOutcome::Accepted);
    }
}

/// Lets the database take no events, or take them again.
async fn refuse_events(ground: &Ground, refuse: bool) {
    let sqlite = ground.url.starts_with("sqlite:");
    let sql = match (sqlite, refuse) {
        (true, true) => "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused'); END",
        (true, false) => "DROP TRIGGER refuse",
        (false, true) => {
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
             CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()"
        }
        (false, false) => "DROP TRIGGER refuse ON events",
    };
    if sqlite {
        let mut connection = sqlx::SqliteConnection::connect(&ground.url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(&ground.url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn what_a_failed_transaction_took_back_happens_once_when_it_comes_again(ground: Ground) {
    let history = ground.history();
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let mut world = World::on(ground, engine).await;
    let driver = world.driver("Ana").await.id;
    let phone = world.device("phone", Some(driver)).await.id;
    let (from, to) = (world.location("From", east(0.0)).await.id, world.location("To", east(9_000.0)).await.id);
    let (start, way) = (east(0.0), east(2_000.0));
    for (name, centre) in [("Depot", start), ("Bridge", way)] {
        let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
        let zone = json!({ "name": name, "radius_m": 200, "geometry": geometry });
        world.engine.records.zones.create(&world.boss, serde_json::from_value(zone).unwrap()).await.unwrap();
    }
    let shipment = json!({ "origin_id": from, "destination_id": to, "driver_id": driver, "milestones": "full" });
    let id = world.shipment(shipment).await.shipment.id;
    world.at(phone, east(-1_000.0)).await;

    for (point, restart) in [(start, false), (way, true)] {
        world.ground.pass(60);
        let before = world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap();
        let row = fix(DeviceRef::Id(phone), Some(world.ground.now()), point);
        refuse_events(&world.ground, true).await;
        for _ in 0..2 {
            let refused = world.engine.tracking.submit_one(&world.boss, row.clone()).await;
            assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
            assert_eq!(world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap(), before);
        }
        if restart {
            world.engine.shutdown().await;
            world.engine = world.ground.start_on(history.clone(), Settings::default()).await;
        }
        refuse_events(&world.ground, false).await;
        let again = world.engine.tracking.submit_one(&world.boss, row.clone()).await.unwrap();
        assert_eq!(again, RowOutcome::Accepted, "what was refused is not known");
        assert_eq!(world.engine.tracking.submit_one(&world.boss, row).await.unwrap(), RowOutcome::Duplicate);
    }

    let log = world.log().await;
    let zones = log.iter().filter(|event| event.zone_id.is_some());
    let crossed: Vec<_> =
        zones.map(|event| (event.kind, event.data["zone_name"].as_str().unwrap_or_default())).collect();
    let expected =
        [(EventKind::ZoneEntered, "Depot"), (EventKind::ZoneExited, "Depot"), (EventKind::ZoneEntered, "Bridge")];
    assert_eq!(crossed, expected);
    assert_eq!(world.told(id).await, ["assigned/", "picked_up/from_sender", "in_transit/departed_facility"]);
    let (early, late) =
        (tracklane_core::Timestamp::UNIX_EPOCH, world.ground.now() + jiff::SignedDuration::from_secs(1));
    let kept = world.engine.tracking.history(&world.boss, phone, early, late, 100).await.unwrap();
    assert_eq!(kept.len(), 3, "each position is kept once");
}

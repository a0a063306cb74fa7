//! When the ground gives way: a full disk, a slow one, a database that fails. Nothing that was refused counts as known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::Connection as _;
use tokio::sync::Semaphore;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{
    Appended, AreaPage, AreaQuery, BoxFuture, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory, Retained,
};
use tracklane_core::position::Position;
use tracklane_engine::tracking::{DeviceRef, Incoming, LatestFilter, RowOutcome};
use tracklane_engine::{Error, Settings};

use crate::kit::{Ground, World, east, fix};
use crate::stage::on_both;

on_both!(what_could_not_be_recorded_is_recorded_once_when_it_can_be);

/// Rules under which one fix is a crossing.
fn at_once() -> serde_json::Value {
    json!({ "enter": { "fixes": 1 }, "exit": { "fixes": 1 } })
}

/// A history that is full, loses what it has numbered, or takes its time, when it is told to.
struct Moody {
    inner: Arc<dyn PositionHistory>,
    full: AtomicBool,
    /// The next batch gets its numbers and is lost; from then on the history is full.
    loses: AtomicBool,
    /// True from a loss on until somebody says that they know.
    lost: AtomicBool,
    /// One permit lets one append become durable.
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most: usize,
}

impl Moody {
    fn new(ground: &Ground, permits: usize, most: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: ground.history(),
            full: AtomicBool::new(false),
            loses: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            gate: Arc::new(Semaphore::new(permits)),
            waiting: Arc::default(),
            most,
        })
    }
}

impl PositionHistory for Moody {
    fn append(&self, batch: Vec<Position>) -> Result<Appended, HistoryError> {
        if self.full.load(Ordering::SeqCst) || self.lost.load(Ordering::SeqCst) {
            self.lost.store(true, Ordering::SeqCst);
            return Err(HistoryError::Full);
        }
        if self.loses.swap(false, Ordering::SeqCst) {
            self.full.store(true, Ordering::SeqCst);
            self.lost.store(true, Ordering::SeqCst);
            let first = self.inner.next_lsn();
            let durable = Box::pin(async { Err(HistoryError::Full) });
            return Ok(Appended { first, next: first + batch.len() as u64, durable });
        }
        let Appended { first, next, durable } = self.inner.append(batch)?;
        let (gate, waiting) = (self.gate.clone(), self.waiting.clone());
        waiting.fetch_add(1, Ordering::SeqCst);
        let durable = Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            waiting.fetch_sub(1, Ordering::SeqCst);
            durable.await
        });
        Ok(Appended { first, next, durable })
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), HistoryError>> {
        if self.full.load(Ordering::SeqCst) {
            return Box::pin(async { Err(HistoryError::Full) });
        }
        self.lost.store(false, Ordering::SeqCst);
        self.inner.resume()
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    fn is_busy(&self) -> bool {
        self.waiting() >= self.most
    }

    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>> {
        self.inner.range(query)
    }

    fn area(&self, query: AreaQuery) -> BoxFuture<'_, Result<AreaPage, HistoryError>> {
        self.inner.area(query)
    }

    fn erase(&self, tenant_id: TenantId, device_id: Option<DeviceId>) -> BoxFuture<'_, Result<(), HistoryError>> {
        self.inner.erase(tenant_id, device_id)
    }

    fn retain(&self, limits: Vec<Limits>) -> BoxFuture<'_, Result<Retained, HistoryError>> {
        self.inner.retain(limits)
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

/// Sends the row again and again, as a device does, until it is not refused any more.
async fn until_taken(world: &World, row: &Incoming) -> RowOutcome {
    for _ in 0..200 {
        match world.engine.tracking.submit_one(&world.boss, row.clone()).await {
            Ok(outcome) => return outcome,
            Err(Error::Full | Error::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it does not recover");
}

async fn forgets_nothing(trouble: impl Fn(&Moody)) {
    let ground = Ground::new();
    let history = Moody::new(&ground, 1_000, 1_000);
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World::on(ground, engine).await;
    let phone = world.device("phone", None).await;
    let centre = east(1_000.0);
    let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
    let zone =
        serde_json::from_value(json!({ "name": "Depot", "radius_m": 200, "geometry": geometry, "rules": at_once() }))
            .unwrap();
    world.engine.records.zones.create(&world.boss, zone).await.unwrap();
    world.at(phone.id, east(0.0)).await;
    let before = world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap();

    world.ground.pass(10);
    trouble(&history);
    let row = fix(DeviceRef::Id(phone.id), Some(world.ground.now()), centre);
    for _ in 0..3 {
        let refused = world.engine.tracking.submit_one(&world.boss, row.clone()).await;
        assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    }
    world.ground.pass(60);
    history.full.store(false, Ordering::SeqCst);
    let elsewhere = world.device("another", None).await;
    assert_eq!(
        until_taken(&world, &fix(DeviceRef::Id(elsewhere.id), Some(world.ground.now()), east(0.0))).await,
        RowOutcome::Accepted
    );
    let after = world.engine.tracking.latest(&world.boss, &LatestFilter::default()).unwrap();
    assert_eq!(after[0], before[0], "where it was before what was refused");

    let again = world.engine.tracking.submit_one(&world.boss, row.clone()).await.unwrap();
    assert_eq!(again, RowOutcome::Accepted, "what was refused is not known");
    assert_eq!(world.engine.tracking.submit_one(&world.boss, row).await.unwrap(), RowOutcome::Duplicate);
    let entered = world.log().await.iter().filter(|event| event.kind == EventKind::ZoneEntered).count();
    assert_eq!(entered, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_forgets_nothing() {
    forgets_nothing(|history| history.full.store(true, Ordering::SeqCst)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_lost_on_its_way_to_the_disk_leaves_no_trace() {
    forgets_nothing(|history| history.loses.store(true, Ordering::SeqCst)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_too_much_waits_for_the_disk_more_is_refused_at_once() {
    let ground = Ground::new();
    let history = Moody::new(&ground, 0, 2);
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World::on(ground, engine).await;
    let phone = world.device("phone", None).await;
    let mut waiting = Vec::new();
    let mut overloaded = 0;
    for step in 0..8 {
        let at = world.ground.now() - jiff::SignedDuration::from_secs(60 - step);
        let row = fix(DeviceRef::Id(phone.id), Some(at), east(0.0));
        let (tracking, boss) = (world.engine.tracking.clone(), world.boss.clone());
        let mut submission = tokio::spawn(async move { tracking.submit_one(&boss, row).await });
        match tokio::time::timeout(Duration::from_millis(100), &mut submission).await {
            Err(_) => waiting.push(submission),
            Ok(answer) => {
                assert!(matches!(answer.unwrap(), Err(Error::Overloaded)));
                overloaded += 1;
            }
        }
    }
    assert_eq!((waiting.len(), overloaded), (2, 6));
    assert_eq!(world.engine.tracking.waiting(), 2);
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
        let path = ground.url.strip_prefix("sqlite:").unwrap();
        rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(&ground.url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn what_could_not_be_recorded_is_recorded_once_when_it_can_be(ground: Ground) {
    let history = ground.history();
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let mut world = World::on(ground, engine).await;
    let driver = world.driver("Ana").await.id;
    let phone = world.device("phone", Some(driver)).await.id;
    let (from, to) = (world.location("From", east(0.0)).await.id, world.location("To", east(9_000.0)).await.id);
    let (start, way) = (east(0.0), east(2_000.0));
    for (name, centre) in [("Depot", start), ("Bridge", way)] {
        let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
        let zone = json!({ "name": name, "radius_m": 200, "geometry": geometry, "rules": at_once() });
        world.engine.records.zones.create(&world.boss, serde_json::from_value(zone).unwrap()).await.unwrap();
    }
    let shipment = json!({ "origin_id": from, "destination_id": to, "driver_id": driver, "milestones": "full" });
    let id = world.shipment(shipment).await.shipment.id;
    world.at(phone, east(-1_000.0)).await;

    for (point, restart) in [(start, false), (way, true)] {
        world.ground.pass(60);
        let row = fix(DeviceRef::Id(phone), Some(world.ground.now()), point);
        refuse_events(&world.ground, true).await;
        let refused = world.engine.tracking.submit_one(&world.boss, row.clone()).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        if restart {
            world.engine.shutdown().await;
        }
        refuse_events(&world.ground, false).await;
        if restart {
            world.engine = world.ground.start_on(history.clone(), Settings::default()).await;
        }
        // It is kept: what it led to is recorded as soon as that is possible.
        assert_eq!(until_taken(&world, &row).await, RowOutcome::Duplicate);
        world.until_settled().await;
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
    let kept = world.engine.tracking.history(&world.boss, phone, early, late, 100, true).await.unwrap();
    assert_eq!(kept.len(), 3, "each position is kept once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_position_proves_its_milestone_when_it_is_sent_again() {
    let ground = Ground::new();
    let history = Moody::new(&ground, 1_000, 1_000);
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World::on(ground, engine).await;
    let driver = world.driver("Ana").await;
    let phone = world.device("phone", Some(driver.id)).await;
    let hub = world.location("hub", east(0.0)).await;
    let door = world.location("door", east(5_000.0)).await;
    let made = world
        .shipment(json!({ "reference": "R", "origin_id": hub.id, "destination_id": door.id, "driver_id": driver.id }))
        .await;
    let id = made.shipment.id;
    world.ground.pass(10);
    world.at(phone.id, east(0.0)).await;
    world.until_settled().await;
    assert_eq!(world.status(id).await.0.to_string(), "picked_up");
    world.ground.pass(60);
    history.full.store(true, Ordering::SeqCst);
    let row = fix(DeviceRef::Id(phone.id), Some(world.ground.now()), east(1_000.0));
    let refused = world.engine.tracking.submit_one(&world.boss, row.clone()).await;
    assert!(refused.is_err());
    history.full.store(false, Ordering::SeqCst);
    let again = until_taken(&world, &row).await;
    assert_eq!(again, RowOutcome::Accepted);
    world.until_settled().await;
    for step in 1..5 {
        world.ground.pass(30);
        world.at(phone.id, east(1_000.0 + 300.0 * f64::from(step))).await;
    }
    world.until_settled().await;
    assert_eq!(world.status(id).await.0.to_string(), "in_transit");
}

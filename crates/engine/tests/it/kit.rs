//! What the tests stand on: an engine on a database of its own, with a clock that stands still until it is told to move.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Once};

use serde_json::json;
use sqlx::Connection as _;
use tempfile::TempDir;
use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_core::id::{CustomerId, DeviceId, DriverId, EventId, ShipmentId, TenantId, UserId};
use tracklane_core::lifecycle::{Actor, Status};
use tracklane_core::model::{Caller, Device, Driver, Location, Role, Tenant, TenantSettings, Zone};
use tracklane_core::ports::PositionHistory;
use tracklane_core::position::{Attributes, Fix, Point};
use tracklane_core::time::{Clock, Entropy};
use tracklane_core::{Env, Timestamp};
use tracklane_engine::records::{NewDevice, NewDriver, NewLocation, NewZone};
use tracklane_engine::secrets::Secrets;
use tracklane_engine::shipments::{NewShipment, ShipmentDetail};
use tracklane_engine::tracking::{DeviceRef, Incoming};
use tracklane_engine::{Engine, EngineParts, Scale, Settings};
use tracklane_history::History;
use tracklane_store::events::EventFilter;
use tracklane_store::{Scope, Store, events, tenants};

/// 2026-03-01T08:00:00Z.
const START: i64 = 1_772_352_000;

/// A clock that is set by hand.
pub struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Randomness that repeats itself.
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Everything that outlives an engine.
pub struct Ground {
    pub clock: Arc<Hands>,
    pub env: Env,
    pub folder: TempDir,
    pub url: String,
}

impl Ground {
    /// On an SQLite database.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tracklane.db").display());
        Self::on(folder, url)
    }

    fn on(folder: TempDir, url: String) -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(START * 1_000_000)));
        let env = Env { clock: clock.clone(), entropy: Arc::new(Counter(AtomicU64::new(1))) };
        Self { clock, env, folder, url }
    }

    /// Moves the clock.
    pub fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// When the clock began, as Unix seconds.
    pub fn start_time(&self) -> i64 {
        START
    }

    /// Starts an engine on what is there.
    pub async fn start_with(&self, settings: Settings) -> Engine {
        self.start_on(self.history(), settings).await
    }

    /// Opens the history that is there.
    pub fn history(&self) -> Arc<dyn PositionHistory> {
        let quick = tracklane_history::Settings { sync: false, wal_segment_bytes: 1 << 20, ..Default::default() };
        Arc::new(History::open(self.folder.path().join("history"), quick).unwrap())
    }

    pub async fn start_on(&self, history: Arc<dyn PositionHistory>, settings: Settings) -> Engine {
        let store = Store::open(&self.url).await.unwrap();
        let secrets = Secrets::new([7; 32]);
        let scale = Scale::default();
        let parts = EngineParts { env: self.env.clone(), store, history, settings, secrets, scale };
        Engine::start(parts).await.unwrap()
    }
}

/// An engine with one tenant.
pub struct World {
    pub ground: Ground,
    pub engine: Engine,
    pub tenant: Tenant,
    /// An operator of the tenant.
    pub boss: Caller,
}

impl World {
    pub async fn on(ground: Ground, engine: Engine) -> Self {
        let tenant = make_tenant(&ground, &engine, "acme").await;
        let boss = operator(&ground, &tenant);
        Self { ground, engine, tenant, boss }
    }

    /// Another tenant of the same installation, and its operator.
    pub async fn other(&self) -> Caller {
        let tenant = make_tenant(&self.ground, &self.engine, "other").await;
        operator(&self.ground, &tenant)
    }

    pub async fn driver(&self, name: &str) -> Driver {
        let input = serde_json::from_value::<NewDriver>(json!({ "name": name })).unwrap();
        self.engine.records.drivers.create(&self.boss, input).await.unwrap()
    }

    pub async fn device(&self, identifier: &str, driver: Option<DriverId>) -> Device {
        let input = json!({ "identifier": identifier, "driver_id": driver });
        let input = serde_json::from_value::<NewDevice>(input).unwrap();
        self.engine.records.devices.create(&self.boss, input).await.unwrap()
    }

    pub async fn location(&self, name: &str, point: Point) -> Location {
        let input = json!({ "name": name, "location_type": "hub", "address": { "point": point } });
        let input = serde_json::from_value::<NewLocation>(input).unwrap();
        self.engine.records.locations.create(&self.boss, input).await.unwrap()
    }

    /// A zone of 200 m around a place so many metres east, with more said of it.
    pub async fn zone(&self, metres: f64, more: serde_json::Value) -> Zone {
        let centre = east(metres);
        let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
        let mut zone = json!({ "name": "Depot", "radius_m": 200, "geometry": geometry });
        zone.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let zone = serde_json::from_value::<NewZone>(zone).unwrap();
        self.engine.records.zones.create(&self.boss, zone).await.unwrap()
    }

    /// Goes along the line east, a fix every ten seconds.
    pub async fn go(&self, device: DeviceId, metres: &[f64]) {
        for metres in metres {
            self.ground.pass(10);
            self.at(device, east(*metres)).await;
        }
    }

    pub async fn shipment(&self, input: serde_json::Value) -> ShipmentDetail {
        let input = serde_json::from_value::<NewShipment>(input).unwrap();
        self.engine.shipments.create(&self.boss, input).await.unwrap()
    }

    /// Sends one position and waits until it is durable.
    pub async fn at(&self, device: DeviceId, point: Point) {
        let row = fix(DeviceRef::Id(device), Some(self.ground.now()), point);
        let outcome = self.engine.tracking.submit_one(&self.boss, row).await.unwrap();
        assert_eq!(outcome, tracklane_engine::tracking::RowOutcome::Accepted);
    }

    /// Waits until everything that positions led to is recorded.
    pub async fn until_settled(&self) {
        for _ in 0..500 {
            if self.engine.tracking.waiting() == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{} still wait", self.engine.tracking.waiting());
    }

    pub async fn detail(&self, id: ShipmentId) -> ShipmentDetail {
        self.engine.shipments.detail(&self.boss, id).await.unwrap()
    }

    pub async fn status(&self, id: ShipmentId) -> (Status, Option<String>) {
        let shipment = self.engine.shipments.get(&self.boss, id).await.unwrap();
        (shipment.status, shipment.substatus)
    }

    /// The log of the tenant, oldest first.
    pub async fn log(&self) -> Vec<Event> {
        log_of(&self.engine, self.tenant.id).await
    }

    /// The statuses that the log told of a shipment, oldest first.
    pub async fn told(&self, id: ShipmentId) -> Vec<String> {
        let log = self.log().await.into_iter();
        let mine = log.filter(|event| event.shipment_id == Some(id) && event.kind == EventKind::StatusChanged);
        mine.map(|event| {
            let word = |field: &str| event.data[field].as_str().unwrap_or_default().to_owned();
            format!("{}/{}", word("status"), word("substatus"))
        })
        .collect()
    }

    pub fn driver_caller(&self, driver: DriverId) -> Caller {
        Caller { role: Role::Driver, driver_id: Some(driver), actor: Actor::Driver(driver), ..self.boss.clone() }
    }

    pub fn customer_caller(&self, customer: CustomerId) -> Caller {
        Caller { role: Role::Customer, customer_id: Some(customer), ..self.boss.clone() }
    }

    pub fn viewer(&self) -> Caller {
        Caller { role: Role::Viewer, ..self.boss.clone() }
    }
}

/// The log of a tenant, oldest first. On PostgreSQL an entry shows once every transaction that began before it has ended,
/// those of other tests included; so a last entry is written and waited for.
pub async fn log_of(engine: &Engine, tenant: TenantId) -> Vec<Event> {
    let (store, env) = (&engine.base.store, &engine.base.env);
    let mut last = last_entry(env, tenant);
    let mut tx = store.begin(Scope::Tenant(tenant)).await.unwrap();
    events::append(&mut tx, &mut last).await.unwrap();
    tx.commit().await.unwrap();
    loop {
        let mut db = store.read(Scope::Tenant(tenant)).await.unwrap();
        let all = events::list(&mut db, &EventFilter::default(), LogPosition::default(), 10_000).await.unwrap();
        if all.iter().any(|(_, event)| event.id == last.id) {
            return all.into_iter().map(|(_, event)| event).filter(|event| event.kind != last.kind).collect();
        }
        drop(db);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn last_entry(env: &Env, tenant_id: TenantId) -> Event {
    Event {
        id: EventId::new(env),
        tenant_id,
        kind: EventKind::EndpointTest,
        occurred_at: env.now(),
        recorded_at: env.now(),
        shipment_id: None,
        sequence: 0,
        driver_id: None,
        device_id: None,
        zone_id: None,
        endpoint_id: None,
        data: Attributes::new(),
    }
}

/// A position as it comes in.
pub fn fix(device: DeviceRef, at: Option<Timestamp>, point: Point) -> Incoming {
    let fix = Fix { point, altitude_m: None, speed_mps: None, course_deg: None, accuracy_m: None, valid: true };
    Incoming { device, fix_time: at, fix: Some(fix), attributes: Attributes::new() }
}

/// A point so many metres east of Porto's centre.
pub fn east(metres: f64) -> Point {
    tracklane_geo::distance::destination(Point { lat: 41.15, lon: -8.61 }, 90.0, metres)
}

/// An operator of a new tenant.
pub async fn boss_of(ground: &Ground, engine: &Engine) -> Caller {
    operator(ground, &make_tenant(ground, engine, "acme").await)
}

async fn make_tenant(ground: &Ground, engine: &Engine, slug: &str) -> Tenant {
    let tenant = Tenant {
        id: TenantId::new(&ground.env),
        name: slug.to_owned(),
        slug: slug.to_owned(),
        settings: TenantSettings::default(),
        created_at: ground.now(),
        version: 1,
    };
    let mut tx = engine.base.store.begin(Scope::System).await.unwrap();
    tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
    tenant
}

fn operator(ground: &Ground, tenant: &Tenant) -> Caller {
    let actor = Actor::User(UserId::new(&ground.env));
    Caller { actor, ..Caller::system(tenant.id) }
}

/// Makes of every `async fn name(world: World)` a test on each database.
macro_rules! each {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::kit::on_sqlite(super::$name).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::kit::on_postgres(super::$name).await;
                }
            )*
        }
    };
}
pub(crate) use each;

pub async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    let ground = Ground::new();
    let engine = ground.start_with(Settings::default()).await;
    test(World::on(ground, engine).await).await;
}

pub async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    with_postgres(async |ground| {
        let engine = ground.start_with(Settings::default()).await;
        let store = engine.base.store.clone();
        test(World::on(ground, engine.clone()).await).await;
        engine.shutdown().await;
        store.close().await;
    })
    .await;
}

/// Runs a test on a PostgreSQL database of its own, if there is a server.
pub async fn with_postgres(test: impl AsyncFnOnce(Ground)) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(base) = postgres_url() else { return };
    let name = format!("tracklane_engine_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    // Nobody special: row level security does not hold for superusers.
    let owner = "tracklane_owner";
    let role = format!(
        "DO $$ BEGIN CREATE ROLE {owner} LOGIN PASSWORD '{owner}'; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    admin(&base, role).await;
    admin(&base, format!("CREATE DATABASE {name} OWNER {owner}")).await;
    let place = base.split_once("://").unwrap().1;
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let (server, _) = place.rsplit_once('/').unwrap();
    let url = format!("postgres://{owner}:{owner}@{server}/{name}");
    test(Ground::on(tempfile::tempdir().unwrap(), url)).await;
    admin(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

/// Where PostgreSQL is, if anywhere; says once when it is nowhere.
fn postgres_url() -> Option<String> {
    static SAID: Once = Once::new();
    let url = std::env::var("TRACKLANE_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        SAID.call_once(|| eprintln!("left out: TRACKLANE_TEST_POSTGRES_URL is not set"));
    }
    url
}

async fn admin(base: &str, sql: String) {
    let mut connection = sqlx::PgConnection::connect(base).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

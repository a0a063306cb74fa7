//! Many processes while everything goes wrong that can: processes are killed and held up, wires to the database and the broker are cut,
//! the broker and the database break everything off. In the end every position that was acknowledged is there, zone events are those
//! of the true tracks, shipments are what their facts say, and webhooks came in sequence.
//!
//! `TRACKLANE_CHAOS_SECONDS` says how long (60), `TRACKLANE_CHAOS_DEVICES` with how many devices (200), `TRACKLANE_CHAOS_SEED` which faults (1).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tracklane_client::{Client, RetryPolicy};
use tracklane_sim::simulation::{Fault, Pace, Plan, Protocol, Setup, simulate};
use tracklane_testkit::Wire;

use crate::cluster::Nats;
use crate::moving::database;
use crate::support::{Server, api_key};

/// What each process of the cluster does.
const NODES: [&str; 7] = ["api,ingest", "api,ingest", "track", "track", "track", "work,notify", "work,notify"];
/// So long a process is held up: longer than its leases last.
const HELD: Duration = Duration::from_secs(14);
/// So long a wire is cut.
const CUT: Duration = Duration::from_secs(4);
/// So long the cluster is left alone between two faults.
const CALM: Duration = Duration::from_secs(4);
/// Shipments that are moved along meanwhile.
const SHIPMENTS: usize = 20;
/// What becomes of each, in this order.
const FACTS: [&str; 4] = ["info_received", "picked_up", "in_transit", "delivered"];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A process, and its wires.
struct Node {
    roles: &'static str,
    server: Option<Server>,
    database: Wire,
    broker: Wire,
    url: String,
}

impl Node {
    async fn new(roles: &'static str, url: &str, broker: u16) -> Self {
        let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
        let (database, broker) = (Wire::to(port).await, Wire::to(broker).await);
        Self {
            roles,
            server: None,
            url: url.replace(&format!(":{port}/"), &format!(":{}/", database.port)),
            database,
            broker,
        }
    }

    fn start(&mut self, folder: &TempDir) -> SocketAddr {
        let stream = format!("nats://127.0.0.1:{}/positions?partitions=16", self.broker.port);
        let settings = [
            ("TRACKLANE__STORE__URL", self.url.clone()),
            ("TRACKLANE__HISTORY__URL", self.url.clone()),
            ("TRACKLANE__STREAM__URL", stream),
            ("TRACKLANE__TRACKING__CHECKPOINT_SECONDS", "2".to_owned()),
            ("TRACKLANE__WEBHOOKS__ALLOW_PRIVATE", "true".to_owned()),
            ("TRACKLANE__WEBHOOKS__LEASE_SECONDS", "10".to_owned()),
            ("TRACKLANE__WEBHOOKS__TIMEOUT_MS", "2000".to_owned()),
        ];
        let server = Server::start_in(folder.path(), &["--roles", self.roles], &settings);
        let address = server.address;
        self.server = Some(server);
        address
    }

    fn is_front(&self) -> bool {
        self.roles.contains("api")
    }
}

/// Passes each connection on to one of the fronts that take it.
async fn balance(listener: TcpListener, fronts: Arc<Mutex<Vec<SocketAddr>>>) {
    let mut turn = 0;
    while let Ok((mut near, _)) = listener.accept().await {
        turn += 1;
        let mut all = fronts.lock().clone();
        let count = all.len().max(1);
        all.rotate_left(turn % count);
        tokio::spawn(async move {
            for front in all {
                if let Ok(mut far) = TcpStream::connect(front).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    return;
                }
            }
        });
    }
}

/// What webhooks said: the sequence numbers of each shipment, as they came for the first time.
#[derive(Default)]
struct Heard {
    sequences: Mutex<BTreeMap<String, Vec<i64>>>,
    again: AtomicUsize,
}

async fn hear(State(heard): State<Arc<Heard>>, body: axum::body::Bytes) {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else { return };
    let (Some(shipment), Some(sequence)) =
        (message["data"]["shipment_id"].as_str(), message["data"]["sequence"].as_i64())
    else {
        return;
    };
    let mut all = heard.sequences.lock();
    let known = all.entry(shipment.to_owned()).or_default();
    if known.contains(&sequence) {
        heard.again.fetch_add(1, Ordering::Relaxed);
    } else {
        known.push(sequence);
    }
}

/// Makes a shipment. A process that is killed in the middle leaves open whether it did.
async fn create(client: &Client, reference: String) -> String {
    let body = json!({ "reference": reference, "packages": [{ "weight_kg": 1 }] });
    loop {
        if let Ok(made) = client.post::<_, Value>("v1/shipments", &body).await {
            return made["shipment"]["id"].as_str().unwrap().to_owned();
        }
        let found: Value = client.get("v1/shipments", &[("reference", reference.clone())]).await.unwrap();
        if let Some(id) = found["items"][0]["id"].as_str() {
            return id.to_owned();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// States a fact; the same.
async fn state(client: &Client, shipment: &str, status: &str) {
    let path = format!("v1/shipments/{shipment}");
    while client.post::<_, Value>(&format!("{path}/events"), &json!({ "status": status })).await.is_err() {
        let found: Value = client.get(&path, &[]).await.unwrap();
        if found["shipment"]["status"] == status {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Moves shipments along, slowly; answers their ids.
async fn ship(client: Client, done: Arc<AtomicBool>, lasts: Duration) -> Vec<String> {
    let mut shipments = Vec::new();
    for place in 0..SHIPMENTS {
        shipments.push(create(&client, format!("CHAOS-{place}")).await);
    }
    let pause = lasts / (FACTS.len() * SHIPMENTS) as u32;
    for status in FACTS {
        for shipment in &shipments {
            state(&client, shipment, status).await;
            if !done.load(Ordering::Relaxed) {
                tokio::time::sleep(pause).await;
            }
        }
    }
    shipments
}

/// Breaks off every session of the database, as a restart would, and lets none in for a while.
async fn break_off(url: &str) {
    let (server, name) = url.rsplit_once('/').unwrap();
    let admin = format!("{server}/postgres");
    let run = |sql: String| {
        let done =
            Command::new("psql").args([&admin, "-qc", &sql]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(done.unwrap().success(), "{sql}");
    };
    run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    run(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
}

/// How many different positions the history has, and how many rows.
fn kept_positions(url: &str) -> (u64, u64) {
    let count = |of: &str| -> u64 {
        let sql = format!(
            "SET tracklane.scope = 'system'; SELECT COUNT(*) FROM (SELECT {of} device_id, fix_time FROM positions) kept"
        );
        let said = Command::new("psql").args([url, "-qtAc", &sql]).output().unwrap();
        String::from_utf8(said.stdout).unwrap().trim().parse().unwrap()
    };
    (count("DISTINCT"), count(""))
}

/// What goes wrong, and how often it did.
#[derive(Default)]
struct Done(BTreeMap<&'static str, usize>);

impl Done {
    fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

struct Chaos {
    nodes: Vec<Node>,
    fronts: Arc<Mutex<Vec<SocketAddr>>>,
    broker: Nats,
    folder: TempDir,
    url: String,
    done: Done,
    random: fastrand::Rng,
}

impl Chaos {
    fn start(&mut self, place: usize) {
        let address = self.nodes[place].start(&self.folder);
        if self.nodes[place].is_front() {
            self.fronts.lock().push(address);
        }
    }

    fn kill(&mut self, place: usize) {
        let Some(server) = self.nodes[place].server.take() else { return };
        self.fronts.lock().retain(|front| *front != server.address);
        server.kill();
    }

    /// One fault after the other until the time is over; then everything is whole again.
    async fn rage(&mut self, until: Instant) {
        let behind: Vec<usize> = (0..self.nodes.len()).filter(|place| !self.nodes[*place].is_front()).collect();
        // Each kind comes once before any comes again.
        let mut kinds: Vec<usize> = Vec::new();
        while Instant::now() < until {
            if kinds.is_empty() {
                kinds = (0..7).collect();
                self.random.shuffle(&mut kinds);
            }
            let any = self.random.usize(0..self.nodes.len());
            let hidden = behind[self.random.usize(0..behind.len())];
            match kinds.pop() {
                Some(0 | 1) => {
                    self.done.note("processes killed");
                    self.kill(any);
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    self.start(any);
                }
                Some(2) => {
                    self.done.note("processes held up past their leases");
                    if let Some(server) = &self.nodes[hidden].server {
                        server.signal("STOP");
                        tokio::time::sleep(HELD).await;
                        server.signal("CONT");
                    }
                }
                Some(3) => {
                    self.done.note("wires to the database cut");
                    self.nodes[any].database.cut();
                    tokio::time::sleep(CUT).await;
                    self.nodes[any].database.mend();
                }
                Some(4) => {
                    self.done.note("wires to the broker cut");
                    self.nodes[any].broker.cut();
                    tokio::time::sleep(CUT).await;
                    self.nodes[any].broker.mend();
                }
                Some(5) => {
                    self.done.note("brokers killed and started again");
                    self.broker.restart();
                }
                _ => {
                    self.done.note("databases that broke everything off");
                    break_off(&self.url).await;
                }
            }
            tokio::time::sleep(CALM).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_and_nothing_told_twice() {
    let Some(broker) = Nats::start() else { return };
    let Some(url) = database("chaos") else { return };
    let lasts = Duration::from_secs(number("TRACKLANE_CHAOS_SECONDS", 60));
    let (devices, seed) = (number("TRACKLANE_CHAOS_DEVICES", 200), number("TRACKLANE_CHAOS_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = Vec::new();
    for roles in NODES {
        nodes.push(Node::new(roles, &url, broker.port).await);
    }
    let fronts = Arc::default();
    let (done, random) = (Done::default(), fastrand::Rng::with_seed(seed));
    let mut chaos = Chaos { nodes, fronts, broker, folder, url: url.clone(), done, random };
    (0..NODES.len()).for_each(|place| chaos.start(place));
    let settings = format!("[store]\nurl = \"{url}\"\n[history]\nurl = \"{url}\"\n");
    std::fs::write(chaos.folder.path().join("tracklane.toml"), settings).unwrap();
    let key = api_key(chaos.folder.path());
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", door.local_addr().unwrap());
    tokio::spawn(balance(door, chaos.fronts.clone()));
    let (env, _) = tracklane_testkit::env(seed);
    // Whoever sends goes on until it is heard.
    let patient = RetryPolicy { attempts: 500, longest_pause: Duration::from_secs(10), ..RetryPolicy::default() };
    let client = Client::new(tracklane_testkit::http_client(), env, &base).unwrap();
    let client = client.with_token(&key).unwrap().with_retry(patient);

    let heard = Arc::new(Heard::default());
    let ear = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/hook", ear.local_addr().unwrap());
    let app = Router::new().route("/hook", post(hear)).with_state(heard.clone());
    tokio::spawn(async move { axum::serve(ear, app).await });
    let endpoint = json!({ "url": hook, "event_types": ["shipment.*"] });
    let _: Value = client.post("v1/endpoints", &endpoint).await.unwrap();

    let over = Arc::new(AtomicBool::new(false));
    let shipping = tokio::spawn(ship(client.clone(), over.clone(), lasts));
    // The way of the fleet takes as long as the chaos.
    let driven_s = 900;
    let plan = Plan { seed, devices: devices as usize, zones: 60, duration_s: driven_s, fix_every_s: 5, window_s: 120 };
    let real = tracklane_core::Env { clock: Arc::new(RealClock), entropy: tracklane_testkit::SeededEntropy::new(seed) };
    let pace = Pace::Real { speed: f64::from(driven_s) / lasts.as_secs_f64(), env: &real };
    let setup = Setup {
        plan,
        runs: vec![Fault::ALL.to_vec()],
        protocol: Protocol::Batch,
        trackers: None,
        pace,
        number: 1,
        quiet: Duration::from_secs(15),
        cases: 20,
    };
    let until = Instant::now() + lasts;
    let mut watch = |_| {};
    let (report, ()) = tokio::join!(simulate(&client, &setup, &mut watch), async {
        chaos.rage(until).await;
        over.store(true, Ordering::Relaxed);
    });
    let report = serde_json::to_value(report.unwrap()).unwrap();
    let shipments = shipping.await.unwrap();

    // Every position is there, once.
    let fixes = report["runs"][0]["fixes"].as_u64().unwrap();
    let (mut kept, mut rows) = (0, 0);
    for _ in 0..60 {
        (kept, rows) = kept_positions(&url);
        if kept == fixes {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Shipments are what their facts say.
    for shipment in &shipments {
        let found: Value = client.get(&format!("v1/shipments/{shipment}"), &[]).await.unwrap();
        assert_eq!(found["shipment"]["status"], "delivered", "{found}");
    }
    // Each of their events was told, in sequence.
    let mut expected = BTreeMap::new();
    for _ in 0..60 {
        expected.clear();
        for shipment in &shipments {
            let query = [("shipment_id", shipment.clone()), ("limit", "100".to_owned())];
            let page: Value = client.get("v1/events", &query).await.unwrap();
            let count = page["items"].as_array().unwrap().len();
            expected.insert(shipment.clone(), (1..=i64::try_from(count).unwrap()).collect::<Vec<_>>());
        }
        if *heard.sequences.lock() == expected {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    eprintln!("{report:#}");
    for (what, count) in &chaos.done.0 {
        eprintln!("{count:>4} {what}");
    }
    eprintln!("{:>4} webhooks came again", heard.again.load(Ordering::Relaxed));
    eprintln!("{kept:>4} positions kept of {fixes}, in {rows} rows");
    assert_eq!(kept, fixes);
    // What is sent again is known, but for what two processes had in their hands at once.
    assert!(rows - kept <= fixes / 50, "{rows} rows");
    assert_eq!(*heard.sequences.lock(), expected);
    assert_eq!(report["ok"], true);
}

/// The time of the world.
struct RealClock;

impl tracklane_core::time::Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the processes go by the time of the world")]
    fn now(&self) -> tracklane_core::Timestamp {
        tracklane_core::Timestamp::now()
    }
}

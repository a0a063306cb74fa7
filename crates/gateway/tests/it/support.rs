//! An engine with a history that can be held up, a gateway before it, and those who talk to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::{Caller, Device, Tenant};
use tracklane_core::ports::{
    Appended, AreaPage, AreaQuery, BoxFuture, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory, Retained,
};
use tracklane_core::position::{Attributes, Fix, Point, Position, Report};
use tracklane_core::{Env, Timestamp};
use tracklane_engine::records::{NewDevice, NewTenant};
use tracklane_engine::secrets::Secrets;
use tracklane_engine::{Engine, EngineParts};
use tracklane_gateway::{Counts, Gateway, GatewaySettings, MqttSettings, Opened, Transport};
use tracklane_history::History;
use tracklane_protocols::{PROTOCOLS, ProtocolKind, Session, Stream};
use tracklane_testkit::TestStore;

/// How long anything may take that is sure to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the history does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    Works,
    Waits,
    Full,
}

/// A history that does as it is told, over a real one.
pub struct Told {
    inner: Arc<History>,
    disk: watch::Sender<Disk>,
    appends: watch::Sender<u64>,
    rows: Arc<AtomicU64>,
}

impl PositionHistory for Told {
    fn append(&self, batch: Vec<Position>) -> Result<Appended, HistoryError> {
        if !batch.is_empty() {
            self.appends.send_modify(|count| *count += 1);
        }
        if *self.disk.borrow() == Disk::Full {
            return Err(HistoryError::Full);
        }
        let (rows, mut disk, kept) = (batch.len() as u64, self.disk.subscribe(), self.rows.clone());
        let Appended { first, next, durable } = self.inner.append(batch)?;
        let durable = Box::pin(async move {
            disk.wait_for(|disk| *disk != Disk::Waits).await.unwrap();
            durable.await?;
            kept.fetch_add(rows, Ordering::SeqCst);
            Ok(())
        });
        Ok(Appended { first, next, durable })
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), HistoryError>> {
        self.inner.resume()
    }

    fn waiting(&self) -> usize {
        self.inner.waiting()
    }

    fn is_busy(&self) -> bool {
        self.inner.is_busy()
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

/// An engine with one tenant.
pub struct World {
    pub engine: Engine,
    pub env: Env,
    pub tenant: Tenant,
    pub caller: Caller,
    pub history: Arc<Told>,
    _store: TestStore,
}

impl World {
    pub async fn new() -> Self {
        let (env, _) = tracklane_testkit::env(1);
        let store = TestStore::new().await;
        let settings = tracklane_history::Settings { sync: false, ..tracklane_history::Settings::default() };
        let history = Told {
            inner: Arc::new(History::open(store.folder().join("history"), settings).unwrap()),
            disk: watch::Sender::new(Disk::Works),
            appends: watch::Sender::new(0),
            rows: Arc::default(),
        };
        let history = Arc::new(history);
        let parts = EngineParts {
            env: env.clone(),
            store: store.store.clone(),
            history: history.clone(),
            settings: tracklane_engine::Settings::default(),
            secrets: Secrets::new([7; 32]),
            scale: tracklane_engine::Scale::default(),
        };
        let engine = Engine::start(parts).await.unwrap();
        let first = engine.access.bootstrap("admin@tracklane.test", Some("correct horse battery")).await.unwrap();
        let tenant = first.unwrap().tenant;
        let caller = Caller::system(tenant.id);
        Self { engine, env, tenant, caller, history, _store: store }
    }

    /// A gateway that listens so, without limits on how often.
    pub async fn gateway(&self, listen: &[&str]) -> Gateway {
        self.gateway_with(listen, |_| {}).await
    }

    pub async fn gateway_with(&self, listen: &[&str], change: impl FnOnce(&mut GatewaySettings)) -> Gateway {
        let mut settings = GatewaySettings {
            listen: listen.iter().map(|text| text.parse().unwrap()).collect(),
            messages_per_second: 0,
            device_messages_per_second: 0,
            ..GatewaySettings::default()
        };
        change(&mut settings);
        let opened = Opened::new(settings, MqttSettings::default()).await.unwrap();
        opened.start(self.engine.clone(), self.env.clone()).await.unwrap()
    }

    /// A device that may send.
    pub async fn device(&self, identifier: &str) -> Device {
        self.device_of(&self.caller, identifier).await
    }

    pub async fn device_of(&self, caller: &Caller, identifier: &str) -> Device {
        let input: NewDevice = serde_json::from_value(json!({ "identifier": identifier })).unwrap();
        self.engine.records.devices.create(caller, input).await.unwrap()
    }

    /// Another tenant.
    pub async fn tenant(&self, slug: &str) -> Caller {
        let input: NewTenant = serde_json::from_value(json!({ "name": slug, "slug": slug })).unwrap();
        Caller::system(self.engine.records.tenants.create(&self.caller, input).await.unwrap().id)
    }

    /// All that is kept of a device.
    pub async fn kept(&self, tenant_id: TenantId, device: DeviceId) -> Vec<Position> {
        let caller = Caller::system(tenant_id);
        let (from, to) = (Timestamp::UNIX_EPOCH, instant("2100-01-01T00:00:00Z"));
        self.engine.tracking.history(&caller, device, from, to, 100_000, true).await.unwrap()
    }

    pub fn disk(&self, disk: Disk) {
        self.history.disk.send_replace(disk);
    }

    /// Waits until so many appends have begun.
    pub async fn appends(&self, count: u64) {
        let mut appends = self.history.appends.subscribe();
        let enough = appends.wait_for(|begun| *begun >= count);
        tokio::time::timeout(PATIENCE, enough).await.expect("the history is asked to append").unwrap();
    }

    pub fn appends_begun(&self) -> u64 {
        *self.history.appends.borrow()
    }

    pub fn rows_kept(&self) -> u64 {
        self.history.rows.load(Ordering::SeqCst)
    }
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The protocols with sockets of their own.
pub fn streams() -> impl Iterator<Item = (&'static str, &'static Stream)> {
    PROTOCOLS.iter().filter_map(|protocol| match protocol.kind {
        ProtocolKind::Stream(stream) => Some((protocol.name, stream)),
        ProtocolKind::Http | ProtocolKind::Mqtt => None,
    })
}

pub fn stream(name: &str) -> &'static Stream {
    streams().find(|(known, _)| *known == name).unwrap().1
}

/// The identity that every protocol can carry, some in a shorter form.
pub const IMEI: &str = "356307042441013";

/// A report of a device that has been under way since the world began, one every ten seconds.
pub fn report(number: i64) -> Report {
    let fix = Fix {
        point: Point { lat: 41.15 + number as f64 / 10_000.0, lon: -8.61 },
        altitude_m: None,
        speed_mps: Some(10.0),
        course_deg: Some(90.0),
        accuracy_m: None,
        valid: true,
    };
    let time = instant("2026-01-05T07:00:00Z").checked_add(Duration::from_secs(10 * number as u64)).unwrap();
    Report {
        device: IMEI.to_owned(),
        kind: "position".to_owned(),
        time: Some(time),
        fix: Some(fix),
        attributes: Attributes::new(),
    }
}

/// A login and messages after it.
pub fn talk(stream: &Stream, numbers: std::ops::Range<i64>) -> Vec<u8> {
    let mut bytes = (stream.login)(IMEI).unwrap();
    for number in numbers {
        bytes.extend((stream.encode)(&report(number), number as u16).unwrap());
    }
    bytes
}

/// What the decoder by itself makes of bytes: the replies, and the times of the fixes with their devices.
pub fn expected(stream: &Stream, bytes: &[u8], env: &Env) -> (Vec<u8>, Vec<(String, Timestamp)>) {
    let (mut buffer, mut session) = (BytesMut::from(bytes), Session::new(env.now()));
    let (mut replies, mut fixes) = (Vec::new(), Vec::new());
    while let Ok(Some(frame)) = (stream.frame)(&mut buffer) {
        session.received_at = env.now();
        let decoded = (stream.decode)(&frame, &mut session);
        replies.extend(decoded.reply);
        let with_fix = decoded.reports.into_iter().filter(|report| report.fix.is_some());
        fixes.extend(with_fix.map(|report| (report.device, report.time.unwrap_or(session.received_at))));
    }
    (replies, fixes)
}

/// Where a protocol is heard.
pub fn at(gateway: &Gateway, protocol: &str, transport: Transport) -> SocketAddr {
    let heard = gateway.heard().iter().find(|heard| heard.protocol == protocol && heard.transport == transport);
    heard.unwrap_or_else(|| panic!("{protocol} is not heard")).address
}

pub async fn connect(gateway: &Gateway, protocol: &str) -> TcpStream {
    let socket = TcpStream::connect(at(gateway, protocol, Transport::Tcp)).await.unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Exactly this many bytes, which are sure to come.
pub async fn read(socket: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let read = tokio::time::timeout(PATIENCE, socket.read_exact(&mut bytes)).await;
    read.expect("the answer comes").expect("the answer is whole");
    bytes
}

/// All that comes until the other side closes.
pub async fn read_all(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("the connection is closed");
    // Whoever is cut off with something unread hears of it as an error.
    if let Err(error) = read {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    bytes
}

/// Sends, ends, and answers all that comes back.
pub async fn exchange(gateway: &Gateway, protocol: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mut socket = connect(gateway, protocol).await;
    for piece in pieces {
        if socket.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let _ = socket.shutdown().await;
    read_all(&mut socket).await
}

/// True when nothing has come yet.
pub fn is_silent(socket: &TcpStream) -> bool {
    matches!(socket.try_read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

pub fn counts(gateway: &Gateway, protocol: &str) -> Counts {
    gateway.counts().into_iter().find(|counts| counts.protocol == protocol).unwrap()
}

/// Waits for what is sure to come, and can only be asked for.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let asked = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{what}: it did not come to that"));
}

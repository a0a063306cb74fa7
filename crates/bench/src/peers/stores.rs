//! The embedded position history next to stores that others wrote: fjall, redb and SQLite.
//!
//! The same positions for each: 10,000 devices every 10 seconds on a random walk, batches of 1,000 in random order, each
//! batch durable before the next one. Then 100 positions of a random device from a random time on, as positions, not as
//! bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use redb::{ReadableDatabase as _, TableDefinition};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id as _, TenantId};
use tracklane_core::ports::{HistoryQuery, PositionHistory as _};
use tracklane_core::position::{Attributes, Fix, Point, Position};
use tracklane_history::{History, Settings};
use tracklane_sim::walk::{BATCH, DEVICES, EPOCH_SECONDS, Fleet, PERIOD_SECONDS, device, tenant};
use uuid::Uuid;

use crate::Outcome;

/// The stores, ours first.
pub const NAMES: [&str; 4] = ["tracklane", "fjall", "redb", "sqlite"];
/// How many rows a read asks for.
const ROWS: usize = 100;
const REDB: TableDefinition<'_, [u8; 24], &[u8]> = TableDefinition::new("positions");

/// A store in a folder of its own, which goes when it is dropped.
pub struct Store {
    name: &'static str,
    home: PathBuf,
    // Closed before its folder goes.
    peer: Option<Box<dyn Peer>>,
    positions: usize,
}

/// What appending gave.
#[derive(Debug, Clone, Copy)]
pub struct Appended {
    /// Durable rows per second, a thousand per sync.
    pub rows_per_second: f64,
    /// The longest that a batch took.
    pub worst_ms: f64,
}

impl Store {
    /// An empty one.
    ///
    /// # Errors
    /// When there is none of this name, or the folder cannot be written.
    pub fn open(name: &'static str, folder: &Path) -> Outcome<Self> {
        let home = folder.join(name);
        let peer = Some(open(name, &home)?);
        Ok(Self { name, home, peer, positions: 0 })
    }

    /// Adds so many positions to an empty one, and says how fast that was.
    ///
    /// # Errors
    /// What the store answers.
    pub fn append(&mut self, positions: usize) -> Outcome<Appended> {
        let peer = self.peer.as_mut().ok_or("closed")?;
        let (mut taken, mut worst, mut count) = (Duration::ZERO, Duration::ZERO, 0);
        for batch in Fleet::new().batches(positions / BATCH) {
            let begun = Instant::now();
            peer.append(&batch)?;
            let took = begun.elapsed();
            count += batch.len();
            taken += took;
            worst = worst.max(took);
        }
        self.positions = count;
        let rows_per_second = count as f64 / taken.as_secs_f64().max(1e-9);
        Ok(Appended { rows_per_second, worst_ms: worst.as_secs_f64() * 1e3 })
    }

    /// Lets it bring everything to its place, and gives the bytes that a position takes then.
    ///
    /// # Errors
    /// What the store answers.
    pub fn settle(&mut self) -> Outcome<f64> {
        let peer = self.peer.as_mut().ok_or("closed")?;
        peer.settle()?;
        Ok(peer.bytes(&self.home)? as f64 / self.positions.max(1) as f64)
    }

    /// Reads of 100 positions per second, on one thread.
    ///
    /// # Errors
    /// What the store answers, or that it found too few.
    pub fn reads(&mut self, lasts: Duration) -> Outcome<f64> {
        let peer = self.peer.as_mut().ok_or("closed")?;
        let mut random = fastrand::Rng::with_seed(7);
        let ticks = (self.positions / DEVICES) as i64;
        let expected = ROWS.min(usize::try_from(ticks - 1).unwrap_or_default());
        let (begun, mut reads) = (Instant::now(), 0_u64);
        while begun.elapsed() < lasts {
            for _ in 0..50 {
                let first = random.i64(0..(ticks - ROWS as i64).max(1));
                let from = Timestamp::from_second(EPOCH_SECONDS + first * PERIOD_SECONDS)?;
                let found = peer.read(device(random.usize(0..DEVICES)), from)?;
                if found.len() < expected {
                    return Err(format!("{} found only {} rows of {expected}", self.name, found.len()).into());
                }
                reads += 1;
            }
        }
        Ok(reads as f64 / begun.elapsed().as_secs_f64())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.peer = None;
        if let Err(error) = fs::remove_dir_all(&self.home) {
            eprintln!("{} could not be removed: {error}", self.home.display());
        }
    }
}

/// What each of them can do.
trait Peer: Send {
    /// Adds a batch; it is durable on return.
    fn append(&mut self, batch: &[Position]) -> Outcome<()>;
    /// Brings everything to its place, as far as the store does that.
    fn settle(&mut self) -> Outcome<()>;
    /// The first [`ROWS`] positions of a device from `from` on.
    fn read(&mut self, of: DeviceId, from: Timestamp) -> Outcome<Vec<Position>>;
    /// Bytes that hold positions, without what is only a log.
    fn bytes(&self, folder: &Path) -> Outcome<u64> {
        folder_bytes(folder)
    }
}

fn open(name: &str, home: &Path) -> Outcome<Box<dyn Peer>> {
    fs::create_dir_all(home)?;
    Ok(match name {
        "fjall" => {
            let db = fjall::Database::builder(home).open()?;
            let rows = db.keyspace("positions", fjall::KeyspaceCreateOptions::default)?;
            Box::new(Fjall { db, rows })
        }
        "redb" => Box::new(Redb(redb::Database::create(home.join("redb"))?)),
        "sqlite" => Box::new(Sqlite::open(&home.join("sqlite"))?),
        "tracklane" => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            Box::new(Ours { history: History::open(home, Settings::default())?, runtime })
        }
        other => return Err(format!("no store {other:?}: tracklane, fjall, redb, sqlite").into()),
    })
}

struct Ours {
    history: History,
    runtime: tokio::runtime::Runtime,
}

impl Peer for Ours {
    fn append(&mut self, batch: &[Position]) -> Outcome<()> {
        let (_, next) = self.runtime.block_on(self.history.append_and_wait(batch.to_vec()))?;
        if (next / BATCH as u64).is_multiple_of(100) {
            // As the pipeline does: what is applied need not be replayed.
            self.history.checkpoint(next)?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Outcome<()> {
        self.history.seal()?;
        let mut before = usize::MAX;
        // Merging is over once nothing has changed for a while.
        while before != self.history.stats().segments {
            before = self.history.stats().segments;
            std::thread::sleep(Duration::from_secs(2));
        }
        Ok(())
    }

    fn read(&mut self, of: DeviceId, from: Timestamp) -> Outcome<Vec<Position>> {
        let to = Timestamp::from_second(EPOCH_SECONDS + 1_000_000_000)?;
        Ok(self.history.read(&HistoryQuery { tenant_id: tenant(), device_id: of, from, to, limit: ROWS })?)
    }

    fn bytes(&self, _: &Path) -> Outcome<u64> {
        Ok(self.history.stats().sealed_bytes)
    }
}

struct Fjall {
    db: fjall::Database,
    rows: fjall::Keyspace,
}

impl Peer for Fjall {
    fn append(&mut self, batch: &[Position]) -> Outcome<()> {
        let mut writes = self.db.batch().durability(Some(fjall::PersistMode::SyncData));
        for position in batch {
            writes.insert(&self.rows, key(position.device_id, position.fix_time), value(position));
        }
        Ok(writes.commit()?)
    }

    fn settle(&mut self) -> Outcome<()> {
        // Compaction goes on by itself; it is given as much time as ours.
        std::thread::sleep(Duration::from_secs(2));
        Ok(())
    }

    fn read(&mut self, of: DeviceId, from: Timestamp) -> Outcome<Vec<Position>> {
        let mut found = Vec::with_capacity(ROWS);
        for row in self.rows.range(key(of, from)..key(of, Timestamp::MAX)).take(ROWS) {
            let (key, value) = row.into_inner()?;
            found.push(position(of, &key, &value)?);
        }
        Ok(found)
    }
}

struct Redb(redb::Database);

impl Peer for Redb {
    fn append(&mut self, batch: &[Position]) -> Outcome<()> {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(REDB)?;
            for position in batch {
                table.insert(key(position.device_id, position.fix_time), value(position).as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn settle(&mut self) -> Outcome<()> {
        Ok(())
    }

    fn read(&mut self, of: DeviceId, from: Timestamp) -> Outcome<Vec<Position>> {
        let transaction = self.0.begin_read()?;
        let table = transaction.open_table(REDB)?;
        let mut found = Vec::with_capacity(ROWS);
        for row in table.range(key(of, from)..key(of, Timestamp::MAX))?.take(ROWS) {
            let (key, value) = row?;
            found.push(position(of, &key.value(), value.value())?);
        }
        Ok(found)
    }
}

/// In its usual durable mode: a write-ahead log, synced with each commit.
struct Sqlite(rusqlite::Connection);

impl Sqlite {
    fn open(path: &Path) -> Outcome<Self> {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824;
             CREATE TABLE positions (device BLOB, at INTEGER, row BLOB, PRIMARY KEY (device, at)) WITHOUT ROWID",
        )?;
        Ok(Self(connection))
    }
}

impl Peer for Sqlite {
    fn append(&mut self, batch: &[Position]) -> Outcome<()> {
        let transaction = self.0.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3)")?;
            for position in batch {
                let device = *position.device_id.uuid().as_bytes();
                insert.execute((device.as_slice(), position.fix_time.as_microsecond(), value(position).as_slice()))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn settle(&mut self) -> Outcome<()> {
        Ok(())
    }

    fn read(&mut self, of: DeviceId, from: Timestamp) -> Outcome<Vec<Position>> {
        let mut select = self
            .0
            .prepare_cached("SELECT at, row FROM positions WHERE device = ?1 AND at >= ?2 ORDER BY at LIMIT 100")?;
        let mut rows = select.query((of.uuid().as_bytes().as_slice(), from.as_microsecond()))?;
        let mut found = Vec::with_capacity(ROWS);
        while let Some(row) = rows.next()? {
            let at: i64 = row.get(0)?;
            found.push(position(of, &key_of(of, at), row.get_ref(1)?.as_blob()?)?);
        }
        Ok(found)
    }
}

fn key(of: DeviceId, at: Timestamp) -> [u8; 24] {
    key_of(of, at.as_microsecond())
}

fn key_of(of: DeviceId, micros: i64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(of.uuid().as_bytes());
    key[16..].copy_from_slice(&micros.cast_unsigned().to_be_bytes());
    key
}

/// What ours keeps of a position, in 48 bytes: as whole numbers, with the tenant left out in favour of the others.
fn value(position: &Position) -> Vec<u8> {
    let fix = &position.fix;
    let hundredths = |value: Option<f32>| value.map_or(i32::MIN, |value| (value * 100.0).round() as i32);
    let mut out = Vec::with_capacity(48);
    out.extend_from_slice(&position.received_at.as_microsecond().to_le_bytes());
    for number in [(fix.point.lat * 1e7).round() as i32, (fix.point.lon * 1e7).round() as i32] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for number in [fix.altitude_m, fix.speed_mps, fix.course_deg, fix.accuracy_m] {
        out.extend_from_slice(&hundredths(number).to_le_bytes());
    }
    out.push(u8::from(fix.valid));
    out
}

fn position(of: DeviceId, key: &[u8], value: &[u8]) -> Outcome<Position> {
    let long = |bytes: &[u8], at: usize| -> Outcome<i64> {
        Ok(i64::from_le_bytes(bytes.get(at..at + 8).ok_or("a short row")?.try_into()?))
    };
    let whole =
        |at: usize| -> Outcome<i32> { Ok(i32::from_le_bytes(value.get(at..at + 4).ok_or("a short row")?.try_into()?)) };
    let part = |at: usize| -> Outcome<Option<f32>> {
        let number = whole(at)?;
        Ok((number != i32::MIN).then(|| (f64::from(number) / 100.0) as f32))
    };
    Ok(Position {
        tenant_id: TenantId::from_uuid(Uuid::from_u128(tenant().uuid().as_u128())),
        device_id: of,
        fix_time: Timestamp::from_microsecond(long(key, 16)?.swap_bytes())?,
        received_at: Timestamp::from_microsecond(long(value, 0)?)?,
        fix: Fix {
            point: Point { lat: f64::from(whole(8)?) / 1e7, lon: f64::from(whole(12)?) / 1e7 },
            altitude_m: part(16)?,
            speed_mps: part(20)?,
            course_deg: part(24)?,
            accuracy_m: part(28)?,
            valid: value.get(32) == Some(&1),
        },
        attributes: Attributes::new(),
        mark: None,
    })
}

fn folder_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { folder_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

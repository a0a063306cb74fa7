//! PostgreSQL, with PostGIS where that is there: positions one by one, in batches that are tried against zones, and records
//! read by id. Each statement is prepared once per connection; parameters and results are binary.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tracklane_core::position::Position;
use tracklane_sim::walk::{BATCH, DEVICES, Fleet};

use super::wire::{Answers, Connection, Script, load};
use crate::Outcome;

/// Records to read.
const RECORDS: i32 = 100_000;
/// Zones to try positions against.
const ZONES: u32 = 10_000;

/// Makes the tables and the records to read.
///
/// # Errors
/// When the server cannot be reached or refuses something.
pub fn prepare(server: SocketAddr) -> Outcome<()> {
    let mut session = Session::open(server)?;
    session
        .run("CREATE TABLE positions (device int4, ts int8, lat float8, lon float8, speed float4, heading float4)")?;
    session.run("CREATE INDEX ON positions (device, ts)")?;
    session.run("CREATE TABLE records (id int4 PRIMARY KEY, body text NOT NULL)")?;
    session.run(&format!(
        "INSERT INTO records SELECT id, repeat(md5(CAST(id AS text)), 22) FROM generate_series(1, {RECORDS}) id"
    ))?;
    session.run("VACUUM ANALYZE records")
}

/// Makes zones, circles of 16 corners and 100 to 300 metres in the square of two degrees where the fleet moves.
///
/// # Errors
/// As [`prepare`], and without PostGIS.
pub fn prepare_zones(server: SocketAddr) -> Outcome<()> {
    let mut session = Session::open(server)?;
    session.run("CREATE TABLE zones (id int4 PRIMARY KEY, shape geometry(Polygon, 4326) NOT NULL)")?;
    session.run("SELECT setseed(0.5)")?;
    session.run(&format!(
        "INSERT INTO zones SELECT id, CAST(ST_Buffer(CAST(ST_SetSRID(ST_MakePoint(8 + 2 * random(), 50 + 2 * random()), 4326)
         AS geography), 100 + 200 * random(), 4) AS geometry) FROM generate_series(1, {ZONES}) id"
    ))?;
    session.run("CREATE INDEX ON zones USING gist (shape)")?;
    session.run("VACUUM ANALYZE zones")
}

/// Positions per second, each an INSERT and a transaction of its own, from so many connections.
///
/// # Errors
/// As [`prepare`].
pub fn inserts(server: SocketAddr, connections: usize, lasts: Duration) -> Outcome<f64> {
    let mut scripts: Vec<Script> = (0..connections).map(|_| Script::default()).collect();
    let mut fleet = Fleet::new();
    for device in 0..DEVICES {
        scripts[device % connections].push(&execute(&row(device, &fleet.position(device, 0))));
    }
    run(server, "INSERT INTO positions VALUES ($1, $2, $3, $4, $5, $6)", scripts, lasts)
}

/// Positions per second in batches of 1,000 from 4 connections, stored and tried against the zones in one statement.
/// Who was inside before is not known, so that a real pipeline has more to do.
///
/// # Errors
/// As [`prepare_zones`].
pub fn batches(server: SocketAddr, lasts: Duration) -> Outcome<f64> {
    const CONNECTIONS: usize = 4;
    let mut scripts: Vec<Script> = (0..CONNECTIONS).map(|_| Script::default()).collect();
    for (number, batch) in Fleet::new().batches(10 * CONNECTIONS).enumerate() {
        let rows: Vec<_> = batch.iter().enumerate().map(|(at, position)| row(number * BATCH + at, position)).collect();
        // The element types of the columns: int4, int8, float8, float8, float4, float4.
        let columns = [23, 20, 701, 701, 700, 700].iter().enumerate();
        let arrays: Vec<_> = columns.map(|(column, kind)| array(*kind, rows.iter().map(|row| &row[column]))).collect();
        scripts[number % CONNECTIONS].push(&execute(&arrays));
    }
    let statement = "WITH taken AS (INSERT INTO positions SELECT * FROM unnest(CAST($1 AS int4[]), CAST($2 AS int8[]),
        CAST($3 AS float8[]), CAST($4 AS float8[]), CAST($5 AS float4[]), CAST($6 AS float4[])) RETURNING lat, lon)
        SELECT count(*) FROM taken JOIN zones ON ST_Covers(shape, ST_SetSRID(ST_MakePoint(lon, lat), 4326))";
    Ok(run(server, statement, scripts, lasts)? * BATCH as f64)
}

/// Records of 700 bytes per second, by id, from 8 connections.
///
/// # Errors
/// As [`prepare`].
pub fn reads(server: SocketAddr, lasts: Duration) -> Outcome<f64> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut script = || {
        let mut script = Script::default();
        (0..2_000).for_each(|_| script.push(&execute(&[random.i32(1..=RECORDS).to_be_bytes().to_vec()])));
        script
    };
    let scripts = (0..8).map(|_| script()).collect();
    run(server, "SELECT body FROM records WHERE id = $1", scripts, lasts)
}

fn run(server: SocketAddr, statement: &str, scripts: Vec<Script>, lasts: Duration) -> Outcome<f64> {
    let hello =
        || vec![startup(), [message(b'P', &[b"\0", statement.as_bytes(), b"\0\0\0"]), message(b'S', &[])].concat()];
    let connection = |script| Connection { hello: hello(), script, answers: Box::new(Ready::default()) };
    load(server, scripts.into_iter().map(connection).collect(), 1, lasts)
}

/// The columns of a position.
fn row(device: usize, position: &Position) -> [Vec<u8>; 6] {
    let fix = &position.fix;
    let part = |value: Option<f32>| value.unwrap_or_default().to_be_bytes().to_vec();
    [
        ((device % DEVICES) as i32).to_be_bytes().to_vec(),
        position.fix_time.as_microsecond().to_be_bytes().to_vec(),
        fix.point.lat.to_be_bytes().to_vec(),
        fix.point.lon.to_be_bytes().to_vec(),
        part(fix.speed_mps),
        part(fix.course_deg),
    ]
}

/// An array in binary form: one dimension, no nulls, counted from 1.
fn array<'a>(kind: i32, items: impl ExactSizeIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [1, 0, kind, items.len() as i32, 1] {
        bytes.extend(number.to_be_bytes());
    }
    for item in items {
        bytes.extend((item.len() as i32).to_be_bytes());
        bytes.extend_from_slice(item);
    }
    bytes
}

// The protocol: PostgreSQL's documentation, 55.7 "Message Formats".

fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = vec![kind];
    bytes.extend((length as u32).to_be_bytes());
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

fn startup() -> Vec<u8> {
    // It alone has no kind. Version 3.0.
    message(0, &[&[0, 3, 0, 0], b"user\0postgres\0database\0postgres\0\0"])[1..].to_vec()
}

/// Bind, Execute and Sync of the statement that has no name.
fn execute(parameters: &[Vec<u8>]) -> Vec<u8> {
    let mut values = vec![0, 0, 0, 1, 0, 1];
    values.extend((parameters.len() as u16).to_be_bytes());
    for parameter in parameters {
        values.extend((parameter.len() as u32).to_be_bytes());
        values.extend_from_slice(parameter);
    }
    values.extend([0, 1, 0, 1]);
    [message(b'B', &[&values]), message(b'E', &[&[0; 5]]), message(b'S', &[])].concat()
}

/// Counts how often the server is ready for the next one.
#[derive(Debug, Default)]
struct Ready {
    waiting: Vec<u8>,
}

impl Answers for Ready {
    fn take(&mut self, bytes: &[u8]) -> Outcome<usize> {
        self.waiting.extend_from_slice(bytes);
        let (mut at, mut ready) = (0, 0);
        while let Some(head) = self.waiting.get(at..at + 5) {
            let length = 1 + u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let Some(whole) = self.waiting.get(at..at + length) else { break };
            match whole[0] {
                b'Z' => ready += 1,
                b'E' => {
                    return Err(
                        format!("PostgreSQL: {}", String::from_utf8_lossy(&whole[5..]).replace('\0', " ")).into()
                    );
                }
                b'R' if whole[5..] != [0; 4] => return Err("PostgreSQL asks for a password".into()),
                _ => {}
            }
            at += length;
        }
        self.waiting.drain(..at);
        Ok(ready)
    }
}

/// A connection for what comes before the load.
struct Session(TcpStream);

impl Session {
    fn open(server: SocketAddr) -> Outcome<Self> {
        let mut session = Self(TcpStream::connect(server)?);
        session.ask(&startup())?;
        Ok(session)
    }

    fn run(&mut self, statement: &str) -> Outcome<()> {
        self.ask(&message(b'Q', &[statement.as_bytes(), b"\0"]))
    }

    fn ask(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.0.write_all(bytes)?;
        let (mut answers, mut buffer) = (Ready::default(), vec![0; 4_096]);
        loop {
            let length = self.0.read(&mut buffer)?;
            if length == 0 {
                return Err("PostgreSQL closed the connection".into());
            }
            if answers.take(&buffer[..length])? > 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_once_per_answer_in_any_pieces() {
        let answer = [message(b'2', &[]), message(b'C', &[b"INSERT 0 1\0"]), message(b'Z', &[b"I"])].concat();
        for size in 1..answer.len() {
            let mut ready = Ready::default();
            assert_eq!(answer.chunks(size).map(|piece| ready.take(piece).unwrap()).sum::<usize>(), 1);
        }
        let failed = Ready::default().take(&message(b'E', &[b"SERROR\0Mno such table\0\0"]));
        assert!(failed.unwrap_err().to_string().contains("no such table"));
    }
}

//! How fixes reach the server: the protocols of the public API.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use futures::{StreamExt, TryStreamExt, stream};
use tracklane_api_types::{PositionInput, PositionsAnswer, RowOutcome};
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Report};
use tracklane_protocols::osmand;

use super::trackers::{self, Trackers};

/// Rows of one batch; the server takes 10,000.
const BATCH: usize = 5_000;
/// Devices that send at the same time.
pub(super) const AT_ONCE: usize = 64;

/// How devices send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `POST /v1/positions/batch`: a gateway that sends what all devices gave it.
    Batch,
    /// `POST /v1/positions`: each fix by itself.
    Json,
    /// `POST /osmand`: each fix by itself, as OsmAnd and Traccar Client do.
    Osmand,
    /// A protocol of trackers, by its name: a connection of its own for each device.
    Tracker(&'static str),
}

impl Protocol {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Batch, Self::Json, Self::Osmand].into_iter().chain(trackers::names().map(Self::Tracker))
    }

    /// The word used on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Json => "json",
            Self::Osmand => "osmand",
            Self::Tracker(name) => name,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::all().find(|protocol| protocol.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::all().map(Self::as_str).collect();
            format!("unknown protocol {text:?}; known are {}", known.join(", "))
        })
    }
}

/// One fix to send.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    /// True when it is nowhere near the truth.
    pub wild: bool,
    /// The identifier of the device.
    pub device: &'a str,
    pub time: Timestamp,
    pub fix: Fix,
}

/// What the server said to all that was sent. Devices that speak OsmAnd only hear that a fix was taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counts {
    pub sent: usize,
    pub accepted: usize,
    pub duplicates: usize,
    pub late: usize,
    pub rejected: usize,
    /// By the word for the mark.
    pub marked: BTreeMap<&'static str, usize>,
    /// Fixes nowhere near the truth that were marked.
    pub wild_marked: usize,
    /// Fixes nowhere near the truth that were not.
    pub wild_believed: usize,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.late += other.late;
        self.rejected += other.rejected;
        other.marked.into_iter().for_each(|(mark, count)| *self.marked.entry(mark).or_default() += count);
        self.wild_marked += other.wild_marked;
        self.wild_believed += other.wild_believed;
    }

    fn of(rows: &[&Row<'_>], answer: &PositionsAnswer) -> Self {
        let PositionsAnswer { accepted, duplicates, late, rejected, .. } = *answer;
        let sent = rows.len();
        let mut counts = Self { sent, accepted, duplicates, late, rejected, ..Self::default() };
        let mut wild = rows.iter().filter(|row| row.wild).count();
        for row in &answer.rows {
            let is_wild = rows.get(row.row).is_some_and(|sent| sent.wild);
            if let Some(mark) = row.mark {
                *counts.marked.entry(mark.as_str()).or_default() += 1;
                counts.wild_marked += usize::from(is_wild);
            }
            let settled = matches!(row.outcome, RowOutcome::Marked | RowOutcome::Duplicate | RowOutcome::Rejected);
            wild -= usize::from(is_wild && settled);
        }
        counts.wild_believed = wild;
        counts
    }
}

/// Sends rows, those of one device in this order.
///
/// # Errors
/// When the server does not answer, or refuses something.
pub(super) async fn send(
    client: &Client,
    protocol: Protocol,
    trackers: Option<&Trackers>,
    rows: &[Row<'_>],
) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    if protocol == Protocol::Batch {
        for rows in rows.chunks(BATCH) {
            let inputs: Vec<PositionInput<'_>> = rows.iter().map(input).collect();
            let rows: Vec<&Row<'_>> = rows.iter().collect();
            counts.add(Counts::of(&rows, &client.send_positions(&inputs).await?));
        }
        return Ok(counts);
    }
    let mut by_device: Vec<&Row<'_>> = rows.iter().collect();
    by_device.sort_by_key(|row| row.device);
    let devices: Vec<&[&Row<'_>]> = by_device.chunk_by(|a, b| a.device == b.device).collect();
    if let Some(trackers) = trackers {
        let devices: Vec<_> = devices.into_iter().map(<[&Row<'_>]>::to_vec).collect();
        return trackers.send(&devices).await;
    }
    let sent: Vec<Counts> = stream::iter(devices)
        .map(|rows| one_by_one(client, protocol, rows))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    sent.into_iter().for_each(|more| counts.add(more));
    Ok(counts)
}

async fn one_by_one(client: &Client, protocol: Protocol, rows: &[&Row<'_>]) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for row in rows {
        counts.add(match protocol {
            Protocol::Osmand => {
                client.send_osmand(&osmand::encode(&report(row))).await?;
                Counts { sent: 1, accepted: 1, ..Counts::default() }
            }
            Protocol::Batch | Protocol::Json | Protocol::Tracker(_) => {
                Counts::of(&[row], &client.send_position(&input(row)).await?)
            }
        });
    }
    Ok(counts)
}

fn input<'a>(row: &Row<'a>) -> PositionInput<'a> {
    PositionInput {
        device: Some(row.device.into()),
        fix_time: row.time,
        lat: row.fix.point.lat,
        lon: row.fix.point.lon,
        altitude_m: row.fix.altitude_m,
        speed_mps: row.fix.speed_mps,
        course_deg: row.fix.course_deg,
        accuracy_m: row.fix.accuracy_m,
        valid: row.fix.valid,
        attributes: Attributes::new(),
    }
}

pub(super) fn report(row: &Row<'_>) -> Report {
    Report {
        device: row.device.to_owned(),
        kind: "position".to_owned(),
        time: Some(row.time),
        fix: Some(row.fix.clone()),
        attributes: Attributes::new(),
    }
}

//! What one commit covers: the positions of many messages, by tenant.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use smallvec::SmallVec;
use tracklane_core::Timestamp;
use tracklane_core::id::TenantId;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{Caller, Role};
use tracklane_core::position::{Attributes, Fix, Report};
use tracklane_core::sensor;
use tracklane_engine::tracking::{DeviceRef, Incoming, RowOutcome};
use tracklane_engine::{Error, Result};
use tracklane_protocols::mqtt::message::Row;

use crate::door::{Door, House, Known, Refused};
use crate::stats::Outcome;

/// How often to look whether there is room, and for how long.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);

/// Positions that wait for their commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Nearly always of one tenant.
    parts: SmallVec<[(TenantId, Part); 1]>,
    rows: usize,
    /// How many messages they came in.
    messages: usize,
}

/// The positions of one tenant, each with the number of its message.
#[derive(Debug, Default)]
struct Part {
    rows: Vec<Incoming>,
    messages: Vec<usize>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many positions there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a position of a device, or what it measures and raises without one; false when there is neither.
    fn push(&mut self, known: Known, time: Option<Timestamp>, fix: Option<Fix>, attributes: Attributes) -> bool {
        let wanted = fix.is_some() || sensor::any(&attributes);
        if wanted {
            let device = DeviceRef::Id(known.device_id);
            self.add(known.tenant_id, Incoming { device, fix_time: time, fix, attributes });
        }
        wanted
    }

    fn add(&mut self, tenant: TenantId, row: Incoming) {
        let message = self.messages;
        let part = self.of(tenant);
        part.rows.push(row);
        part.messages.push(message);
        self.rows += 1;
    }

    /// Adds all of another one.
    pub fn append(&mut self, other: Self) {
        let before = self.messages;
        for (tenant, Part { rows, messages }) in other.parts {
            self.rows += rows.len();
            let part = self.of(tenant);
            part.rows.extend(rows);
            part.messages.extend(messages.into_iter().map(|message| before + message));
        }
        self.messages += other.messages;
    }

    fn of(&mut self, tenant: TenantId) -> &mut Part {
        let part = self.parts.iter().position(|(known, _)| *known == tenant).unwrap_or_else(|| {
            self.parts.push((tenant, Part::default()));
            self.parts.len() - 1
        });
        &mut self.parts[part].1
    }

    /// Notes that a message has added all that it has to add.
    pub fn end_message(&mut self) {
        self.messages += 1;
    }
}

/// Who named itself last, so that many reports of one device are one look-up. One for each tenant that is asked for.
#[derive(Debug, Default)]
pub(crate) struct Last(Option<(String, Known)>);

impl House {
    /// Adds what a message of a device says to a batch, and counts it unless it waits for its commit.
    pub fn put(&self, door: &Door, batch: &mut Batch, known: Known, rows: Vec<Row>) {
        let before = batch.rows();
        for Row { time, fix, attributes } in rows {
            batch.push(known, time, fix, attributes);
        }
        if batch.rows() > before {
            batch.end_message();
        } else {
            door.counters.message(Outcome::WithoutPosition);
        }
    }

    /// Adds what a message says to a batch, and counts it unless it waits for its commit. The answer is how long its device
    /// has to wait before the next one.
    ///
    /// # Errors
    /// When a device may not send here.
    pub async fn read(
        &self,
        door: &Door,
        tenant: Option<TenantId>,
        batch: &mut Batch,
        last: &mut Last,
        reports: Vec<Report>,
    ) -> Result<Duration, Refused> {
        let (mut kept, mut wait, mut paced) = (false, Duration::ZERO, None);
        let empty = reports.is_empty();
        for report in reports {
            let known = match &last.0 {
                Some((name, known)) if *name == report.device => *known,
                _ => {
                    let known = self.admit(door, tenant, &report.device).await;
                    let known = known.inspect_err(|refused| door.counters.message(refused.outcome()))?;
                    last.0 = Some((report.device.clone(), known));
                    known
                }
            };
            if paced != Some(known) {
                paced = Some(known);
                wait = wait.max(self.devices.take(known.device_id, Instant::now()));
            }
            kept |= batch.push(known, report.time, report.fix, report.attributes);
        }
        match (kept, empty) {
            (true, _) => batch.end_message(),
            (false, false) => door.counters.message(Outcome::WithoutPosition),
            (false, true) => {}
        }
        Ok(wait)
    }

    /// Waits while so much waits that more would be refused. Who waits here reads nothing more, so it holds up its devices
    /// and nobody else.
    async fn wait_for_room(&self) {
        let patience = tokio::time::Instant::now() + PATIENCE;
        while self.engine.tracking.is_busy() && tokio::time::Instant::now() < patience {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Hands a batch to the pipeline; when this is ready, it is durable.
    ///
    /// # Errors
    /// Nothing may be acknowledged then. To send all of it again is safe.
    pub async fn keep(&self, door: &Door, batch: Batch) -> Result<()> {
        let Batch { parts, messages, .. } = batch;
        self.wait_for_room().await;
        let submitted = parts.into_iter().map(|(tenant, Part { rows, messages })| async move {
            let outcomes = self.engine.tracking.submit(&devices_of(tenant), rows).await?;
            Ok::<_, Error>(messages.into_iter().zip(outcomes).collect::<Vec<_>>())
        });
        match try_join_all(submitted).await {
            Ok(parts) => {
                let mut kept = vec![false; messages];
                for (message, outcome) in parts.into_iter().flatten() {
                    if let RowOutcome::Rejected(rule) = outcome {
                        tracing::info!(door = door.name, %rule, "a position was left out");
                        door.counters.rejected(1);
                    } else if let Some(kept) = kept.get_mut(message) {
                        *kept = true;
                    }
                }
                let refused = kept.iter().filter(|kept| !**kept).count();
                door.counters.messages(Outcome::Refused, refused);
                door.counters.messages(Outcome::Kept, messages - refused);
                Ok(())
            }
            Err(error) => {
                door.counters.messages(Outcome::NotKept, messages);
                self.fault(door, &error);
                Err(error)
            }
        }
    }
}

impl Refused {
    /// What became of the message.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Unknown => Outcome::UnknownDevice,
            Self::Unavailable => Outcome::NotKept,
        }
    }
}

/// A caller who may speak for the devices of a tenant, and do nothing else.
fn devices_of(tenant_id: TenantId) -> Caller {
    Caller { tenant_id, actor: Actor::System, role: Role::Device, driver_id: None, customer_id: None, device_id: None }
}

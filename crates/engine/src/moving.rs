//! Moving an installation from its data folder to PostgreSQL: records, then positions, each checked against what it was made
//! from. A move that was broken off goes on where it was.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::{Attributes, Position};
use tracklane_store::{Scope, Store, Sum, Transfer, canonical, devices, meta};

use crate::error::{Error, Result};
use crate::tracking::{FLOOR, just_after};

/// How many positions are moved at once.
const BATCH: usize = 10_000;

/// From where, and to where.
pub struct Moving {
    /// The records, on SQLite. Nobody else may use them meanwhile.
    pub from: Store,
    /// The positions that go with them.
    pub from_history: Arc<dyn PositionHistory>,
    /// The records to be, on PostgreSQL: empty, or as a move that was broken off has left them.
    pub to: Store,
    /// Where the positions shall be.
    pub to_history: Arc<dyn PositionHistory>,
}

/// How far a move is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// So many rows were moved, of so many in all.
    Records {
        /// Moved by now.
        moved: u64,
        /// In all.
        of: u64,
    },
    /// The positions of so many devices were moved and read back, of so many.
    Positions {
        /// Moved by now.
        devices: u64,
        /// In all.
        of: u64,
    },
    /// So many tables were compared, of so many.
    Checked {
        /// Compared by now.
        tables: u64,
        /// In all.
        of: u64,
    },
}

/// What was moved, all of it compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Rows by table.
    pub tables: Vec<(String, u64)>,
    /// Devices whose positions were moved.
    pub devices: u64,
    /// Positions, of all devices.
    pub positions: u64,
}

impl Moving {
    /// Moves everything, tells how far it is, and compares both sides.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the source was not stopped in order, when the target is in use, and when both sides differ in
    /// the end; otherwise as the databases say. Until it is done the target is not to be used; to call it again is safe.
    pub async fn run(&self, tell: &mut (dyn FnMut(Step) + Send)) -> Result<Moved> {
        self.must_be_at_rest().await?;
        let transfer = Transfer::begin(self.from.clone(), self.to.clone()).await;
        let transfer = transfer.map_err(|error| match error {
            tracklane_store::Error::Other(why) => Error::Conflict(why),
            other => other.into(),
        })?;
        self.records(&transfer, tell).await?;
        let (devices, positions) = self.positions(&transfer, tell).await?;
        let tables = compare(&transfer, tell).await?;
        transfer.finish(self.to_history.next_lsn(), FLOOR).await?;
        let next = self.to_history.next_lsn();
        let history = self.to_history.clone();
        let noted = tokio::task::spawn_blocking(move || history.checkpoint(next)).await;
        noted.map_err(|error| Error::Internal(Box::new(error)))??;
        Ok(Moved { tables, devices, positions })
    }

    /// Every position must be in the states that are moved.
    async fn must_be_at_rest(&self) -> Result<()> {
        let mut db = self.from.read(Scope::System).await?;
        let floor = meta::get_any_tenant(&mut db, FLOOR).await?;
        let floor: u64 = floor.and_then(|text| text.parse().ok()).unwrap_or_default();
        if floor == self.from_history.next_lsn() {
            return Ok(());
        }
        let why =
            "the server was not stopped in order, and some positions are not applied: start it once and stop it again";
        Err(Error::Conflict(why.to_owned()))
    }

    async fn records(&self, transfer: &Transfer, tell: &mut (dyn FnMut(Step) + Send)) -> Result<()> {
        let (of, mut moved) = (transfer.rows().await?, 0);
        for table in transfer.tables() {
            while let Some(rows) = transfer.move_some(table).await? {
                moved += rows;
                tell(Step::Records { moved, of });
            }
        }
        Ok(())
    }

    async fn positions(&self, transfer: &Transfer, tell: &mut (dyn FnMut(Step) + Send)) -> Result<(u64, u64)> {
        let mut known = Vec::new();
        let mut db = self.from.read(Scope::System).await?;
        devices::each_any_tenant(&mut db, |device| known.push((device.id, device.tenant_id))).await?;
        drop(db);
        known.sort_unstable();
        let noted = transfer.positions_noted().await?;
        let noted: Option<DeviceId> = noted.and_then(|text| text.parse().ok());
        let (of, mut positions) = (known.len() as u64, 0);
        for (number, device) in (1..).zip(&known) {
            let (id, tenant) = *device;
            let there = noted.is_some_and(|noted| id <= noted);
            let copy = (!there).then_some(&*self.to_history);
            let moved = sum_of(&*self.from_history, tenant, id, copy).await?;
            let arrived = sum_of(&*self.to_history, tenant, id, None).await?;
            if moved != arrived {
                return Err(Error::Conflict(format!(
                    "{id} has {} positions at the source and {} other ones at the target",
                    moved.rows, arrived.rows
                )));
            }
            positions += moved.rows;
            transfer.note_positions(&id.to_string()).await?;
            tell(Step::Positions { devices: number, of });
        }
        Ok((of, positions))
    }
}

/// What a history has of a device; copied to another one on the way, where there is one.
async fn sum_of(
    history: &dyn PositionHistory,
    tenant_id: TenantId,
    device_id: DeviceId,
    copy: Option<&dyn PositionHistory>,
) -> Result<Sum> {
    let mut sum = Sum::default();
    let mut query = HistoryQuery { tenant_id, device_id, from: Timestamp::MIN, to: Timestamp::MAX, limit: BATCH };
    loop {
        let some = history.range(query.clone()).await?;
        let Some(last) = some.last() else { return Ok(sum) };
        query.from = just_after(last.fix_time);
        some.iter().for_each(|position| add(&mut sum, position));
        if let Some(copy) = copy {
            copy.append_and_wait(some).await?;
        }
    }
}

fn add(sum: &mut Sum, position: &Position) {
    let mut hasher = DefaultHasher::new();
    // As text a position says all that it holds.
    canonical(&position.attributes.clone().into()).to_string().hash(&mut hasher);
    format!("{:?}", Position { attributes: Attributes::new(), ..position.clone() }).hash(&mut hasher);
    sum.rows += 1;
    sum.hash = sum.hash.wrapping_add(hasher.finish());
}

async fn compare(transfer: &Transfer, tell: &mut (dyn FnMut(Step) + Send)) -> Result<Vec<(String, u64)>> {
    let names: Vec<&str> = transfer.tables().collect();
    let of = names.len() as u64;
    let mut tables = Vec::new();
    for (number, name) in (1..).zip(names) {
        let (source, target) = transfer.sums(name).await?;
        if source != target {
            return Err(Error::Conflict(format!(
                "the table {name} has {} rows at the source and {} at the target, or others: was the source in use?",
                source.rows, target.rows
            )));
        }
        tables.push((name.to_owned(), source.rows));
        tell(Step::Checked { tables: number, of });
    }
    Ok(tables)
}

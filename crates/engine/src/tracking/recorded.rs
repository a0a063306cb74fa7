//! What says that everything a device led to is recorded, written in the same transaction. Where positions led to it, that is
//! a short note: the states are made again from the last saved ones, and what was recorded is not told twice. Where
//! something else did, nothing of which is in the history, it is the state itself.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{Lsn, Tenure};
use tracklane_geo::visit::Visits;
use tracklane_store::{Db, Scope, device_states, recorded, stream_partitions};

use super::alarms::Alarms;
use super::pass::Touched;
use super::persist;
use super::pipeline::Works;
use super::said::Said;
use super::states::{DeviceState, ShardStates};
use super::turn::Consequences;
use super::zones::ZoneKey;
use crate::error::Result;

/// How many entries are read at once.
const BATCH: u32 = 256;

/// How a device stood when everything that it had led to was recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Recorded {
    device: DeviceId,
    /// The last record of the history that its state held.
    pub lsn: Lsn,
    // What has been told, though zones or settings are others when the state is made again.
    visits: Visits<ZoneKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Box<Said>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alarms: Option<Box<Alarms>>,
    #[serde(default)]
    offline: bool,
}

impl Recorded {
    fn of(device: DeviceId, state: &DeviceState) -> Self {
        Self {
            device,
            lsn: state.applied_lsn,
            visits: state.visits.clone(),
            said: state.said.clone(),
            alarms: state.alarms.clone(),
            offline: state.offline,
        }
    }

    /// Which device.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Makes a state that holds as much of the history say what was told.
    pub fn restore(&self, state: &mut DeviceState) {
        state.visits = self.visits.clone();
        state.said = self.said.clone();
        state.alarms = self.alarms.clone();
        state.offline = self.offline;
        // What it carries now is looked at with the next fix.
        state.watched = 0;
    }
}

/// What goes into the store with what devices led to.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// For which partition of the stream, and under which tenure; none where there is no stream.
    tenure: Option<Tenure>,
    states: BTreeMap<DeviceId, device_states::DeviceState>,
    recorded: BTreeMap<DeviceId, Recorded>,
}

impl Held {
    /// Whole states.
    pub fn states(rows: Vec<device_states::DeviceState>) -> Self {
        Self { states: rows.into_iter().map(|row| (row.device_id, row)).collect(), ..Self::default() }
    }

    /// The states of all devices that something led to.
    pub fn whole(states: &mut ShardStates, led_to: &mut Consequences) -> Self {
        let devices: Vec<DeviceId> = led_to.devices.iter().copied().collect();
        Self::states(persist::rows_of(states, led_to, &devices))
    }

    /// What holds what positions led to: a note of each device of which one was new, of any other its state.
    pub fn behind(states: &mut ShardStates, led_to: &mut Consequences, touched: &[Touched]) -> Self {
        let (noted, others): (Vec<DeviceId>, Vec<DeviceId>) =
            led_to.devices.iter().partition(|device| touched.iter().any(|touched| touched.device_id == **device));
        let note = |device| Some((device, Recorded::of(device, states.get(&device)?)));
        let recorded = noted.into_iter().filter_map(note).collect();
        Self { recorded, ..Self::states(persist::rows_of(states, led_to, &others)) }
    }

    /// The same, under a tenure.
    pub fn under(self, tenure: Option<Tenure>) -> Self {
        Self { tenure, ..self }
    }

    /// Adds what came later: of one device the last holds what those before it held.
    pub fn add(&mut self, later: Self) {
        self.tenure = later.tenure;
        self.states.extend(later.states);
        self.recorded.extend(later.recorded);
    }

    /// Writes it down.
    pub async fn write(&self, db: &mut Db, tenant_id: TenantId) -> Result<()> {
        if let Some(tenure) = self.tenure {
            stream_partitions::hold_any_tenant(db, tenure).await?;
        }
        let rows: Vec<_> = self.states.values().cloned().collect();
        device_states::upsert_many_any_tenant(db, &rows).await?;
        if let Some(last_lsn) = self.last_lsn() {
            let (partition, epoch) = self.partition();
            let devices: Vec<&Recorded> = self.recorded.values().collect();
            let devices = serde_json::to_vec(&devices).unwrap_or_default();
            recorded::insert_any_tenant(db, &recorded::Entry { partition, last_lsn, epoch, tenant_id, devices })
                .await?;
        }
        Ok(())
    }

    /// True when a transaction whose end was not heard was committed after all.
    pub async fn is_recorded(&self, db: &mut Db) -> Result<bool> {
        if let Some(last_lsn) = self.last_lsn() {
            let (partition, epoch) = self.partition();
            return Ok(recorded::exists_any_tenant(db, partition, last_lsn, epoch).await?);
        }
        let Some(row) = self.states.values().next() else { return Ok(false) };
        let stored = device_states::get_many_any_tenant(db, &[row.device_id]).await?;
        let holds = |stored: &device_states::DeviceState| {
            stored.applied_lsn > row.applied_lsn || (stored.applied_lsn == row.applied_lsn && stored.notes == row.notes)
        };
        Ok(stored.first().is_some_and(holds))
    }

    /// Whose numbers its records have, and under which epoch.
    fn partition(&self) -> (u32, i64) {
        self.tenure.map_or((0, 0), |tenure| (tenure.partition, tenure.epoch))
    }

    /// No two transactions have the same: rows that came together have numbers of their own, and one recorder.
    fn last_lsn(&self) -> Option<Lsn> {
        self.recorded.values().map(|recorded| recorded.lsn).max()
    }
}

/// The newest note of each device since the states were saved: of those of a partition, or of all where there is no stream (0).
///
/// # Errors
/// As the store says.
pub(super) async fn load(works: &Works, partition: u32) -> Result<HashMap<DeviceId, Recorded>> {
    let mut newest = HashMap::<DeviceId, Recorded>::new();
    let mut after = None;
    loop {
        let mut db = works.base.store.read(Scope::System).await?;
        let entries = recorded::load_any_tenant(&mut db, partition, after, BATCH).await?;
        drop(db);
        let Some(last) = entries.last() else { return Ok(newest) };
        after = Some((last.last_lsn, last.epoch));
        for entry in &entries {
            let devices: Vec<Recorded> = serde_json::from_slice(&entry.devices).unwrap_or_else(|error| {
                tracing::warn!(tenant = %entry.tenant_id, %error, "what was recorded of devices cannot be read");
                Vec::new()
            });
            for recorded in devices {
                if newest.get(&recorded.device).is_none_or(|other| other.lsn <= recorded.lsn) {
                    newest.insert(recorded.device, recorded);
                }
            }
        }
    }
}

//! The pipeline: its stages in order, and the shard that runs them.
//!
//! A position enters in `receive` and is acknowledged when it, and everything it led to, is durable:
//!
//! | stage | what it does |
//! |---|---|
//! | receive | which device, may the caller speak for it, are the numbers in range |
//! | dedupe | the same device and fix time is kept once |
//! | order | by fix time; what is older than the newest is history, and never moves "now" |
//! | zones | which zones the device went into or came out of |
//! | milestones | what that proves about the shipments that its driver carries |
//! | persist | one append to history for the whole turn; then, if it led to anything, one transaction per tenant |
//! | publish | the newest position goes out on the live stream |
//! | acknowledge | the caller is answered |
//!
//! `receive` runs where the call comes in; the rest in a shard. A device belongs to one shard, which takes all that waits
//! for it in one turn: the more there is to do, the more one append covers.

use std::sync::Arc;

use parking_lot::MutexGuard;
use tokio::sync::{mpsc, oneshot};
use tracklane_core::id::DeviceId;
use tracklane_core::ports::{Lsn, PositionHistory};
use tracklane_store::device_states;

use super::dedupe::Known;
use super::pass::{Found, Pass};
use super::states::ShardStates;
use super::stats::Stats;
use super::turn::{Failure, Job, Turn};
use super::{dedupe, persist};
use crate::base::Base;
use crate::live::Live;
use crate::shipments::Shipments;

/// What a shard is asked to do.
pub(super) enum Order {
    /// Take positions.
    Take(Job),
    /// Hand out the states that the store does not have yet.
    Collect(oneshot::Sender<Vec<device_states::DeviceState>>),
    /// End.
    Stop,
}

/// What every shard works with.
pub(super) struct Works {
    pub base: Arc<Base>,
    pub history: Arc<dyn PositionHistory>,
    pub shipments: Shipments,
    pub live: Live,
    pub stats: Arc<Stats>,
}

/// The devices of one shard.
pub(super) struct Shard {
    pub works: Arc<Works>,
    pub number: usize,
}

impl Shard {
    /// Takes turns until told to stop.
    pub async fn run(self, mut orders: mpsc::Receiver<Order>) {
        let most = self.works.base.settings.tracking.turn.max(1);
        while let Some(first) = orders.recv().await {
            let (jobs, other) = gather(first, &mut orders, most);
            if !jobs.is_empty() {
                self.works.stats.taken(jobs.iter().map(|job| job.rows.len()).sum());
                self.turn(jobs).await;
            }
            match other {
                Some(Order::Collect(reply)) => {
                    // Whoever asked may have gone; then the states are asked for again.
                    if let Err(rows) = reply.send(self.collect()) {
                        Self::mark_dirty(&self.works.base, rows.iter().map(|row| row.device_id));
                    }
                }
                Some(Order::Stop) => return,
                Some(Order::Take(_)) | None => {}
            }
        }
    }

    /// The stages, in order.
    async fn turn(&self, jobs: Vec<Job>) {
        let works = &*self.works;
        let mut turn = Turn::new(jobs);
        let spans = dedupe::late_spans(&turn.entries, &self.states());
        let known = dedupe::ask(&*works.history, spans).await;
        let found = self.pass(&mut turn, &known);
        let kept = turn.take_kept(|position| found.concerns(position));
        let outcome = match persist::append(works, kept).await {
            Ok(last) => {
                self.applied(&found, last);
                turn.answer(|job| !job.waits, &Ok(()), &works.stats);
                self.record(&found).await
            }
            Err(failure) => {
                self.go_back(&found, |_| true);
                Err(failure)
            }
        };
        self.publish(&found);
        turn.answer(|_| true, &outcome, &works.stats);
    }

    /// Order, zones and milestones, for every position of the turn.
    fn pass(&self, turn: &mut Turn, known: &Known) -> Found {
        let base = &self.works.base;
        let mut states = self.states();
        let mut pass = Pass::new(&base.memory, &mut states, &base.settings.tracking);
        for entry in &mut turn.entries {
            entry.kept = pass.take(&entry.row.position, entry.row.driver_id, known);
        }
        pass.finish()
    }

    /// Notes that the states hold everything up to this record.
    fn applied(&self, found: &Found, last: Option<Lsn>) {
        let Some(last) = last else { return };
        let mut states = self.states();
        for (id, _) in &found.undo {
            if let Some(state) = states.get_mut(id) {
                state.applied_lsn = last;
                state.dirty = true;
            }
        }
    }

    /// Makes what the positions led to durable, tenant by tenant. What cannot be recorded is as if it had not come in: the
    /// caller hears so, and the states go back, so that the same positions lead to the same when they come again.
    async fn record(&self, found: &Found) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for (tenant, led_to) in &found.led_to {
            let rows = persist::rows_of(&self.states(), led_to.devices.iter());
            if let Err(failure) = persist::record(&self.works, *tenant, led_to, &rows).await {
                self.go_back(found, |device| led_to.devices.contains(&device));
                outcome = Err(failure);
            }
        }
        outcome
    }

    /// Puts states back to what they were before the turn.
    fn go_back(&self, found: &Found, which: impl Fn(DeviceId) -> bool) {
        let mut states = self.states();
        for (id, before) in found.undo.iter().filter(|(id, _)| which(*id)) {
            match before {
                Some(state) => states.insert(*id, state.clone()),
                None => states.remove(id),
            };
        }
    }

    /// Hands out the newest positions.
    fn publish(&self, found: &Found) {
        let works = &self.works;
        if works.live.connections() == 0 {
            return;
        }
        for (device, driver) in &found.moved {
            let newest = self.states().get(device).and_then(|state| Some((state.tenant_id, state.latest.clone()?)));
            let Some((tenant, latest)) = newest else { continue };
            let shipments = driver.map(|driver| works.base.memory.watch.shipments_of(driver)).unwrap_or_default();
            works.live.publish_position(tenant, &latest, &shipments);
        }
    }

    fn states(&self) -> MutexGuard<'_, ShardStates> {
        self.works.base.memory.states.lock(self.number)
    }

    /// The states that the store does not have yet. From here on it is taken to have them.
    fn collect(&self) -> Vec<device_states::DeviceState> {
        let mut states = self.states();
        let dirty = states.iter_mut().filter(|(_, state)| state.dirty);
        dirty
            .map(|(id, state)| {
                state.dirty = false;
                state.to_row(*id)
            })
            .collect()
    }

    /// Takes back that the store has these states.
    pub fn mark_dirty(base: &Base, devices: impl Iterator<Item = DeviceId>) {
        for device in devices {
            let shard = base.memory.states.shard_of(device);
            if let Some(state) = base.memory.states.lock(shard).get_mut(&device) {
                state.dirty = true;
            }
        }
    }
}

/// Puts a turn together out of what waits: positions, up to so many, and the order behind them that is for none.
fn gather(first: Order, orders: &mut mpsc::Receiver<Order>, most: usize) -> (Vec<Job>, Option<Order>) {
    let (mut jobs, mut rows) = (Vec::new(), 0);
    let mut next = Some(first);
    while let Some(order) = next {
        let Order::Take(job) = order else { return (jobs, Some(order)) };
        rows += job.rows.len();
        jobs.push(job);
        next = if rows < most { orders.try_recv().ok() } else { None };
    }
    (jobs, None)
}

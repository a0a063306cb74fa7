//! Which node tracks which partition: as the broker says, or else by leases in the database, which every node takes a fair part of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::ports::Membership;
use tracklane_store::{Scope, leases};
use uuid::Uuid;

use super::Streaming;
use super::tenure::Tracker;
use crate::error::Result;
use crate::tracking::pipeline::Works;
use crate::tracking::recorder::Recorders;

/// How long a lease lasts unless it is made longer: so long nobody tracks what a node did that was killed.
const LASTS: SignedDuration = SignedDuration::from_secs(10);
/// How often leases are made longer, and free ones taken.
const LOOK: Duration = Duration::from_secs(2);
/// The pause before a broker or database that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// What the leases of nodes are called.
const NODES: &str = "track.node.";
/// What the leases of partitions are called.
const PARTITIONS: &str = "track.partition.";

/// Starts tracking what falls to this node, until `stop` is cancelled. The task ends once all of that is finished and given back.
pub(in crate::tracking) fn start(
    works: &Arc<Works>,
    recorders: &Arc<Recorders>,
    streaming: &Arc<Streaming>,
    node: Uuid,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let trackers = Trackers {
        works: works.clone(),
        recorders: recorders.clone(),
        streaming: streaming.clone(),
        node,
        running: HashMap::new(),
        membership: None,
    };
    tokio::spawn(trackers.run(stop))
}

struct Trackers {
    works: Arc<Works>,
    recorders: Arc<Recorders>,
    streaming: Arc<Streaming>,
    node: Uuid,
    running: HashMap<u32, (CancellationToken, JoinHandle<()>)>,
    /// As long as the broker says which partitions are this node's.
    membership: Option<Box<dyn Membership>>,
}

impl Trackers {
    async fn run(mut self, stop: CancellationToken) {
        while let Some(outcome) = stop.run_until_cancelled(self.follow()).await {
            if let Err(error) = outcome {
                tracing::warn!(%error, "which partitions to track cannot be told; it will be tried again");
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
        self.only(&BTreeSet::new()).await;
        // Others take over what is finished by now.
        self.membership = None;
        if let Err(error) = self.give_back().await {
            tracing::warn!(%error, "leases of partitions are not given back; they end by themselves");
        }
    }

    async fn follow(&mut self) -> Result<()> {
        self.membership = self.streaming.stream.join().await?;
        if self.membership.is_none() {
            return self.follow_leases().await;
        }
        while let Some(membership) = &mut self.membership {
            match membership.changed().await {
                Ok(mine) => drop(self.only(&mine.into_iter().collect()).await),
                Err(error) => {
                    self.only(&BTreeSet::new()).await;
                    self.membership = None;
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    async fn follow_leases(&mut self) -> Result<()> {
        loop {
            let mine = self.lease().await?;
            let surplus = self.only(&mine).await;
            self.release(surplus).await?;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Makes this node's leases longer, takes free ones up to its part, and answers which it has; those beyond its part are left out.
    async fn lease(&self) -> Result<BTreeSet<u32>> {
        let base = &self.works.base;
        let now = base.env.now();
        let until = now.saturating_add(LASTS).unwrap_or(Timestamp::MAX);
        let mut tx = base.store.begin(Scope::System).await?;
        leases::take_any_tenant(&mut tx, &format!("{NODES}{}", self.node), self.node, now, until).await?;
        let nodes = leases::list_any_tenant(&mut tx, NODES, now).await?.len().max(1);
        let held: BTreeMap<u32, Uuid> = leases::list_any_tenant(&mut tx, PARTITIONS, now)
            .await?
            .into_iter()
            .filter_map(|(name, holder)| Some((name.strip_prefix(PARTITIONS)?.parse().ok()?, holder)))
            .collect();
        let all = self.streaming.stream.partitions();
        let part = (all as usize).div_ceil(nodes);
        let mine = held.iter().filter(|(_, holder)| **holder == self.node).map(|(partition, _)| *partition);
        let mut mine: BTreeSet<u32> = mine.take(part).collect();
        let free: Vec<u32> = (0..all).filter(|partition| !held.contains_key(partition)).collect();
        // Nodes that start at once begin at different places.
        let begin = usize::try_from(self.node.as_u128() % u128::from(all.max(1))).unwrap_or(0);
        let place = free.partition_point(|partition| (*partition as usize) < begin);
        mine.extend(free[place..].iter().chain(&free[..place]).take(part.saturating_sub(mine.len())));
        let mut kept = BTreeSet::new();
        for partition in mine {
            let name = format!("{PARTITIONS}{partition}");
            if leases::take_any_tenant(&mut tx, &name, self.node, now, until).await? {
                kept.insert(partition);
            }
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// Tracks these partitions and no others. Answers those that were given up, once they are finished.
    async fn only(&mut self, wanted: &BTreeSet<u32>) -> Vec<u32> {
        let over: Vec<u32> = self.running.keys().copied().filter(|partition| !wanted.contains(partition)).collect();
        let mut ending = Vec::new();
        for partition in &over {
            if let Some((stop, task)) = self.running.remove(partition) {
                stop.cancel();
                ending.push(task);
            }
        }
        for task in ending {
            if let Err(error) = task.await {
                tracing::error!(%error, "the tracking of a partition ended badly");
            }
        }
        for partition in wanted {
            let Ok(shard) = usize::try_from(*partition) else { continue };
            if self.running.contains_key(partition) || *partition >= self.streaming.stream.partitions() {
                continue;
            }
            let tracker = Tracker {
                works: self.works.clone(),
                recorders: self.recorders.clone(),
                streaming: self.streaming.clone(),
                node: self.node,
                shard,
            };
            let stop = CancellationToken::new();
            self.running.insert(*partition, (stop.clone(), tokio::spawn(tracker.run(stop))));
        }
        over
    }

    /// Gives leases back, so that other nodes need not wait.
    async fn release(&self, partitions: Vec<u32>) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let mut tx = self.works.base.store.begin(Scope::System).await?;
        for partition in partitions {
            leases::release_any_tenant(&mut tx, &format!("{PARTITIONS}{partition}"), self.node).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Gives everything back.
    async fn give_back(&self) -> Result<()> {
        let mut tx = self.works.base.store.begin(Scope::System).await?;
        for partition in 0..self.streaming.stream.partitions() {
            leases::release_any_tenant(&mut tx, &format!("{PARTITIONS}{partition}"), self.node).await?;
        }
        leases::release_any_tenant(&mut tx, &format!("{NODES}{}", self.node), self.node).await?;
        Ok(tx.commit().await?)
    }
}

//! Shipments that were read lately, with everything that belongs to them, for as long as nothing of it is written.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;
use tracklane_core::id::{Id as _, ShipmentId};
use tracklane_core::model::{Caller, Role};
use tracklane_store::Stamps;
use uuid::Uuid;

use super::{ShipmentDetail, Shipments};
use crate::error::{Error, Result};

/// How many shards there are, so that few wait for each other.
const SHARDS: usize = 16;
/// How many shipments a shard keeps. One takes some kilobytes.
const SHARD_SIZE: usize = 256;
/// A shipment with more parts than this, facts among them, is not kept: few are that large, and all together must stay below
/// some hundred megabytes.
const MOST_PARTS: usize = 64;

/// A shipment with everything that belongs to it, shared by all who ask for it.
#[derive(Debug)]
pub struct SharedDetail {
    /// The shipment.
    pub detail: ShipmentDetail,
    text: OnceLock<DetailText>,
}

/// A shipment as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailText {
    /// What tells one text from another.
    pub tag: String,
    /// The text.
    pub body: Bytes,
}

impl SharedDetail {
    fn new(detail: ShipmentDetail) -> Arc<Self> {
        Arc::new(Self { detail, text: OnceLock::new() })
    }

    /// It as text, made by the first who asks.
    pub fn text(&self, make: impl FnOnce(&ShipmentDetail) -> DetailText) -> &DetailText {
        self.text.get_or_init(|| make(&self.detail))
    }
}

/// A shipment that was read, and when.
struct Read {
    shared: Arc<SharedDetail>,
    then: u64,
    /// What it was made of.
    ids: Box<[Uuid]>,
}

/// The shipments that are kept.
pub(super) struct Kept {
    shards: Vec<Mutex<HashMap<ShipmentId, Read>>>,
    hasher: RandomState,
}

impl Default for Kept {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Kept {
    fn shard(&self, id: ShipmentId) -> &Mutex<HashMap<ShipmentId, Read>> {
        &self.shards[self.hasher.hash_one(id) as usize % SHARDS]
    }

    fn get(&self, stamps: &Stamps, id: ShipmentId) -> Option<Arc<SharedDetail>> {
        let mut shard = self.shard(id).lock();
        let read = shard.get(&id)?;
        if stamps.unchanged(read.then, &read.ids) {
            return Some(read.shared.clone());
        }
        shard.remove(&id);
        None
    }

    fn put(&self, id: ShipmentId, read: Read) {
        let mut shard = self.shard(id).lock();
        if shard.len() >= SHARD_SIZE
            && !shard.contains_key(&id)
            && let Some(other) = shard.keys().next().copied()
        {
            shard.remove(&other);
        }
        shard.insert(id, read);
    }
}

impl Shipments {
    /// As [`Shipments::detail`], out of memory where nothing of it was written since it was read.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn shared_detail(&self, caller: &Caller, id: ShipmentId) -> Result<Arc<SharedDetail>> {
        // The others see less of it, and not of all.
        let sees_all = matches!(caller.role, Role::Admin | Role::Operator | Role::Viewer);
        let Some(stamps) = self.base.store.stamps().filter(|_| sees_all) else {
            return Ok(SharedDetail::new(self.detail(caller, id).await?));
        };
        if let Some(shared) = self.kept.get(stamps, id) {
            let own = shared.detail.shipment.tenant_id == caller.tenant_id;
            return if own { Ok(shared) } else { Err(Error::NotFound) };
        }
        // Before it is read: what is written meanwhile makes it old.
        let then = stamps.now();
        let shared = SharedDetail::new(self.detail(caller, id).await?);
        let ids = ids(&shared.detail);
        if ids.len() <= MOST_PARTS {
            self.kept.put(id, Read { shared: shared.clone(), then, ids });
        }
        Ok(shared)
    }
}

/// The records that a detail was made of, but for the tenant's, whose change makes every detail old. Parts that are added
/// name the shipment.
fn ids(detail: &ShipmentDetail) -> Box<[Uuid]> {
    let ShipmentDetail { shipment, packages, legs, events, links, sender, recipient, origin, destination } = detail;
    let people = [sender, recipient].into_iter().flatten().map(|customer| customer.id.uuid());
    let places = [origin, destination].into_iter().flatten().map(|location| location.id.uuid());
    let parts = packages.iter().map(|package| package.id.uuid()).chain(legs.iter().map(|leg| leg.id.uuid()));
    let facts = events.iter().map(|view| view.event.id.uuid()).chain(links.iter().map(|link| link.id.uuid()));
    std::iter::once(shipment.id.uuid()).chain(people).chain(places).chain(parts).chain(facts).collect()
}

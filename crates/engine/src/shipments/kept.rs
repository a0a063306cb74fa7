//! Shipments that were read lately, with everything that belongs to them, as text, for as long as nothing of it is written.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use parking_lot::Mutex;
use tracklane_core::id::{Id as _, ShipmentId, TenantId};
use tracklane_core::model::{Caller, Role};
use tracklane_store::Stamps;
use uuid::Uuid;

use super::{ShipmentDetail, Shipments};
use crate::error::{Error, Result};

/// How many shards there are, so that few wait for each other.
const SHARDS: usize = 16;
/// How many bytes all texts of a shard have at most, with what says whether they still hold.
const SHARD_BYTES: usize = 4 << 20;

/// A shipment as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailText {
    /// What tells one text from another.
    pub tag: String,
    /// The text.
    pub body: Bytes,
}

/// A shipment that was read, and when.
struct Read {
    tenant_id: TenantId,
    text: DetailText,
    then: u64,
    /// What it was made of.
    ids: Box<[Uuid]>,
}

impl Read {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.body.len() + size_of_val(&*self.ids)
    }
}

/// The shipments that are kept.
pub(super) struct Kept {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    reads: HashMap<ShipmentId, Read>,
    bytes: usize,
}

impl Shard {
    fn remove(&mut self, id: ShipmentId) {
        if let Some(read) = self.reads.remove(&id) {
            self.bytes -= read.bytes();
        }
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Kept {
    fn shard(&self, id: ShipmentId) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(id) as usize % SHARDS]
    }

    fn get(&self, stamps: &Stamps, id: ShipmentId) -> Option<(TenantId, DetailText)> {
        let mut shard = self.shard(id).lock();
        let read = shard.reads.get(&id)?;
        if stamps.unchanged(read.then, &read.ids) {
            return Some((read.tenant_id, read.text.clone()));
        }
        shard.remove(id);
        None
    }

    fn put(&self, id: ShipmentId, read: Read) {
        let bytes = read.bytes();
        let mut shard = self.shard(id).lock();
        shard.remove(id);
        while shard.bytes + bytes > SHARD_BYTES {
            let Some(other) = shard.reads.keys().next().copied() else { return };
            shard.remove(other);
        }
        shard.bytes += bytes;
        shard.reads.insert(id, read);
    }
}

impl Shipments {
    /// [`Shipments::detail`] as text, out of memory where nothing of it was written since it was made.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn detail_text(
        &self,
        caller: &Caller,
        id: ShipmentId,
        make: impl FnOnce(&ShipmentDetail) -> DetailText,
    ) -> Result<DetailText> {
        // The others see less of it, and not of all.
        let sees_all = matches!(caller.role, Role::Admin | Role::Operator | Role::Viewer);
        let Some(stamps) = self.base.store.stamps().filter(|_| sees_all) else {
            return Ok(make(&self.detail(caller, id).await?));
        };
        if let Some((tenant_id, text)) = self.kept.get(stamps, id) {
            return if tenant_id == caller.tenant_id { Ok(text) } else { Err(Error::NotFound) };
        }
        // Before it is read: what is written meanwhile makes it old.
        let then = stamps.now();
        let detail = self.detail(caller, id).await?;
        let text = make(&detail);
        self.kept.put(id, Read { tenant_id: caller.tenant_id, text: text.clone(), then, ids: ids(&detail) });
        Ok(text)
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

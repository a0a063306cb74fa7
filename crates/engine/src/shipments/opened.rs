//! Shipments as the last command left them, so that the next one need not read them again. They are good for as long as no
//! transaction has written anything of them since; where others than this process may write, none is.

use std::collections::HashMap;

use parking_lot::Mutex;
use tracklane_core::id::{Id as _, LocationId, ShipmentId};
use tracklane_store::Db;
use uuid::Uuid;

use super::open::Open;

/// How many parts, mostly facts, all shipments that are kept have together at most. One takes less than a kilobyte.
const MOST_PARTS: usize = 100_000;

/// The shipments that are kept.
#[derive(Default)]
pub(super) struct Opened(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    left: HashMap<ShipmentId, Left>,
    parts: usize,
}

/// A shipment, and as of when it is what the store has.
struct Left {
    open: Open,
    then: u64,
    /// What it was made of.
    ids: Box<[Uuid]>,
}

impl Opened {
    /// Takes a shipment out, if it is of the handle's tenant and still what the transaction would read.
    pub fn take(&self, db: &Db, id: ShipmentId) -> Option<Open> {
        let mut inner = self.0.lock();
        let left = inner.left.get(&id)?;
        if db.tenant().ok()? != left.open.shipment.tenant_id {
            return None;
        }
        let good = db.sees_unchanged(left.then, &left.ids);
        inner.remove(id).filter(|_| good)
    }

    /// Keeps a shipment as a transaction left it.
    pub fn put(&self, open: Open, then: u64) {
        let parts = open.parts();
        let ids = ids(&open);
        let mut inner = self.0.lock();
        inner.remove(open.shipment.id);
        while inner.parts + parts > MOST_PARTS {
            let Some(other) = inner.left.keys().next().copied() else { return };
            inner.remove(other);
        }
        inner.parts += parts;
        inner.left.insert(open.shipment.id, Left { open, then, ids });
    }
}

impl Inner {
    fn remove(&mut self, id: ShipmentId) -> Option<Open> {
        let open = self.left.remove(&id)?.open;
        self.parts -= open.parts();
        Some(open)
    }
}

/// The records that an open shipment was made of, but for the tenant's, whose change makes every one old, and the facts, which
/// are never written without naming the shipment.
fn ids(open: &Open) -> Box<[Uuid]> {
    let legs = open.legs.iter().map(|leg| leg.id.uuid());
    let ends = open.ends().map(LocationId::uuid);
    std::iter::once(open.shipment.id.uuid()).chain(legs).chain(ends).collect()
}

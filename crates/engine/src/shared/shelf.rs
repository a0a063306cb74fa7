//! Newest positions for nodes that start: newer ones than those in the last saved states. Each stays for some minutes, which is longer
//! than it takes until it is saved.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id as _, TenantId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::ports::SharedMemory;

/// The positions of so many seconds are on one shelf.
const SPAN: i64 = 300;
/// For how long a shelf is kept after the last position that was put there: as long as it is read.
const KEEP: Duration = Duration::from_secs(SPAN.unsigned_abs());
/// Positions of so much time are put there together.
const TOGETHER: Duration = Duration::from_secs(1);
/// So many at once.
const MOST: usize = 1_000;

/// Puts newest positions where nodes that start find them.
pub(crate) struct Shelf {
    shared: Arc<dyn SharedMemory>,
    waiting: HashMap<DeviceId, (TenantId, DeviceLatest)>,
    due: Instant,
}

impl Shelf {
    pub fn new(shared: Arc<dyn SharedMemory>) -> Self {
        Self { shared, waiting: HashMap::new(), due: Instant::now() }
    }

    /// Devices of a tenant are elsewhere.
    pub fn note(&mut self, tenant: TenantId, moved: &[DeviceLatest]) {
        if self.waiting.is_empty() {
            self.due = Instant::now() + TOGETHER;
        }
        self.waiting.extend(moved.iter().map(|latest| (latest.device_id, (tenant, latest.clone()))));
    }

    /// Ready when it is time to put what waits; never while nothing does.
    pub async fn due(&self) {
        if self.waiting.is_empty() { std::future::pending().await } else { sleep_until(self.due).await }
    }

    /// Puts what waits on the shelf. What the memory does not take is left out: the next position of the device comes there, too.
    pub async fn put(&mut self, now: Timestamp) {
        let mut notes = Vec::with_capacity(self.waiting.len());
        for (device, newest) in std::mem::take(&mut self.waiting) {
            if let Ok(text) = serde_json::to_vec(&newest) {
                notes.push((device.uuid().as_bytes().to_vec(), text));
            }
        }
        let name = name(now, 0);
        while !notes.is_empty() {
            let some = notes.split_off(notes.len().saturating_sub(MOST));
            if let Err(error) = self.shared.put(&name, some, KEEP).await {
                tracing::debug!(%error, "newest positions are not kept for nodes that start");
                return;
            }
        }
    }
}

fn name(now: Timestamp, ago: i64) -> String {
    format!("positions:{}", now.as_second() / SPAN - ago)
}

/// Hands what other nodes put there lately to `each`, older ones first. Ends early when the memory does not answer.
pub(crate) async fn read(shared: &dyn SharedMemory, now: Timestamp, mut each: impl FnMut(TenantId, DeviceLatest)) {
    for ago in [1, 0] {
        let (name, mut cursor) = (name(now, ago), Some(0));
        while let Some(from) = cursor {
            let Ok((notes, next)) = shared.browse(&name, from).await else { return };
            for (_, text) in notes {
                if let Ok((tenant, latest)) = serde_json::from_slice::<(TenantId, DeviceLatest)>(&text) {
                    each(tenant, latest);
                }
            }
            cursor = next;
        }
    }
}

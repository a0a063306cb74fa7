//! Giving positions to the stream.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tracklane_core::id::TenantId;
use tracklane_core::model::Caller;

use super::Streaming;
use super::wire::{Record, Sent};
use crate::error::{Error, Result};
use crate::tracking::pipeline::Works;
use crate::tracking::turn::Row;

/// A record is larger than this, in bytes, only when it holds one position. Brokers take a mebibyte.
const LARGE: usize = 512 << 10;
/// So many positions go into one record.
const MOST: usize = 1_000;
/// So many positions may be on their way to the broker before more are refused.
pub(in crate::tracking) const BUSY: usize = 100_000;

/// Publishes rows of one tenant, by shard; done when the broker has all of them.
///
/// # Errors
/// [`Error::Overloaded`] when too many are on their way, [`Error::Unavailable`] when the broker does not take them. Then some of
/// them may have been kept: to send all of them again is safe.
pub(in crate::tracking) async fn send(
    works: &Works,
    streaming: &Streaming,
    caller: &Caller,
    parts: Vec<(usize, Vec<Row>)>,
) -> Result<()> {
    let since = Instant::now();
    let count = parts.iter().map(|(_, part)| part.len()).sum();
    let _on_the_way = OnTheWay::of(&streaming.sending, count)?;
    let mut records = Vec::new();
    for (shard, part) in parts {
        let partition = u32::try_from(shard).unwrap_or(u32::MAX);
        let mut rows = part.into_iter().map(Sent::from).peekable();
        while rows.peek().is_some() {
            let positions: Vec<Sent> = rows.by_ref().take(MOST).collect();
            encode(caller.tenant_id, partition, positions, &mut records)?;
        }
    }
    if !records.is_empty() {
        streaming.stream.publish(records).await?;
    }
    works.stats.answered(since);
    Ok(())
}

/// Makes records of positions: more than one when they are large.
fn encode(tenant_id: TenantId, partition: u32, positions: Vec<Sent>, records: &mut Vec<(u32, Vec<u8>)>) -> Result<()> {
    let record = Record { tenant_id, positions };
    let bytes = serde_json::to_vec(&record).map_err(|error| Error::Internal(Box::new(error)))?;
    let mut positions = record.positions;
    if bytes.len() <= LARGE || positions.len() < 2 {
        records.push((partition, bytes));
        return Ok(());
    }
    let rest = positions.split_off(positions.len() / 2);
    encode(tenant_id, partition, positions, records)?;
    encode(tenant_id, partition, rest, records)
}

/// Counts positions as long as they are on their way.
struct OnTheWay<'a>(&'a AtomicUsize, usize);

impl<'a> OnTheWay<'a> {
    fn of(counter: &'a AtomicUsize, count: usize) -> Result<Self> {
        let before = counter.fetch_add(count, Ordering::Relaxed);
        let this = Self(counter, count);
        // A large one alone is taken.
        if before > 0 && before + count > BUSY { Err(Error::Overloaded) } else { Ok(this) }
    }
}

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

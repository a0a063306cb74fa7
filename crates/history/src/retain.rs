//! Keeping to the limits: old segments are dropped whole; those that tenants with different limits share are written anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracklane_core::id::Id as _;
use tracklane_core::ports::{Limits, Retained};

use crate::compact::{Filter, Limit, Outcome, compact};
use crate::core::{Change, Core};
use crate::error::Error;
use crate::merge::is_closed;
use crate::row::{Key, micros_up};
use crate::seal::MIXED;
use crate::segment::{Cursor, Reach, Segment, TenantPart};
use crate::tombstone::Tombstone;

/// Does it. Blocks for as long as it takes; merging waits meanwhile, everything else goes on.
pub(crate) fn retain(core: &Core, limits: &[Limits]) -> Result<Retained, Error> {
    let mut all: Vec<Limit> = limits.iter().map(limit).collect();
    all.sort_unstable_by_key(|limit| limit.tenant);
    all.dedup_by_key(|limit| limit.tenant);
    core.set_limits(all);
    let filter = core.filter(true);
    let mut retained = Retained::default();
    drop_old(core, &filter, &mut retained)?;
    for partition in partitions(core) {
        rewrite(core, &filter, partition, &mut retained)?;
    }
    settle(core, &filter.tombstones)?;
    Ok(retained)
}

fn limit(limits: &Limits) -> Limit {
    Limit {
        tenant: limits.tenant_id.uuid().as_u128(),
        drop_before: micros_up(limits.drop_before),
        thin_before: micros_up(limits.thin_before),
        thin_seconds: limits.thin_seconds.max(1),
    }
}

/// Drops the segments of which nothing is to be kept.
fn drop_old(core: &Core, filter: &Filter, retained: &mut Retained) -> Result<(), Error> {
    let _one_at_a_time = core.compacting.lock();
    if core.stops() {
        return Err(Error::Closed);
    }
    let is_over = |segment: &Segment, part: &TenantPart| {
        let old = filter.limit(part.tenant).is_some_and(|limit| part.max < limit.drop_before);
        old || filter.tombstones.iter().any(|stone| {
            stone.device.is_none() && stone.tenant.as_u128() == part.tenant && segment.summary.end_lsn <= stone.before
        })
    };
    let segments = core.view.read().segments.clone();
    let over: Vec<&Arc<Segment>> =
        segments.iter().filter(|segment| segment.tenants.iter().all(|part| is_over(segment, part))).collect();
    if over.is_empty() {
        return Ok(());
    }
    let remove = over.iter().map(|segment| segment.id).collect();
    if core.change(Change { remove, ..Change::default() })? {
        retained.dropped_parts += over.len() as u64;
        retained.removed_positions += over.iter().map(|segment| segment.summary.rows).sum::<u64>();
    }
    Ok(())
}

fn partitions(core: &Core) -> BTreeSet<i64> {
    core.view.read().segments.iter().map(|segment| segment.summary.partition).collect()
}

/// Writes those segments of a window anew that hold what they must not: all of them together when they are thinned, so
/// that one row is left of all.
fn rewrite(core: &Core, filter: &Filter, partition: i64, retained: &mut Retained) -> Result<(), Error> {
    let _one_at_a_time = core.compacting.lock();
    if core.stops() {
        return Err(Error::Closed);
    }
    let segments = core.view.read().segments.clone();
    let members: Vec<usize> =
        (0..segments.len()).filter(|index| segments[*index].summary.partition == partition).collect();
    let all = || members.iter().map(|index| &segments[*index]);
    let is_thin = all().any(|segment| segment.tenants.iter().any(|part| must_thin(filter, part)));
    let summaries: Vec<_> = segments.iter().map(|segment| (segment.summary, segment.bytes)).collect();
    let mut runs: Vec<Vec<Arc<Segment>>> = Vec::new();
    if is_thin && is_closed(&summaries, &members) {
        runs.push(all().cloned().collect());
    } else {
        for segment in all() {
            let thin = segment.tenants.iter().any(|part| must_thin(filter, part));
            if thin || holds_old(core, filter, segment) || holds_erased(segment, &filter.tombstones)? {
                runs.push(vec![Arc::clone(segment)]);
            }
        }
    }
    for run in runs {
        let before: u64 = run.iter().map(|segment| segment.summary.rows).sum();
        if let Outcome::Done(left) = compact(core, &run, filter)? {
            retained.rewritten_parts += run.len() as u64;
            retained.removed_positions += before.saturating_sub(left);
        }
    }
    Ok(())
}

fn must_thin(filter: &Filter, part: &TenantPart) -> bool {
    let limit = filter.limit(part.tenant).filter(|limit| limit.thin_seconds > 1);
    limit.is_some_and(|limit| part.max < limit.thin_before && part.thinned != limit.thin_seconds)
}

/// Whether rows of some tenant are too old: all of them, or those of a whole window.
fn holds_old(core: &Core, filter: &Filter, segment: &Segment) -> bool {
    let seconds = i64::try_from(core.settings.partition_seconds).unwrap_or(i64::MAX);
    let window = seconds.saturating_mul(1_000_000);
    segment.tenants.iter().any(|part| {
        let Some(limit) = filter.limit(part.tenant) else { return false };
        let a_window = segment.summary.partition == MIXED && part.min < limit.drop_before.saturating_sub(window);
        part.max < limit.drop_before || a_window
    })
}

fn holds_erased(segment: &Segment, tombstones: &[Tombstone]) -> Result<bool, Error> {
    for stone in tombstones.iter().filter(|stone| segment.summary.end_lsn <= stone.before) {
        let tenant = stone.tenant.as_u128();
        if segment.tenant(tenant).is_none() {
            continue;
        }
        let Some(device) = stone.device else { return Ok(true) };
        if holds(segment, Key { tenant, device: device.as_u128() })? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds(segment: &Segment, key: Key) -> Result<bool, Error> {
    let mut cursor = Cursor::at(segment, key, i64::MIN, Reach::Disk);
    while let Some(entry) = cursor.next_entry(segment)? {
        if entry.key >= key {
            return Ok(entry.key == key);
        }
    }
    Ok(false)
}

/// Forgets the tombstones that have nothing left to cover.
fn settle(core: &Core, tombstones: &[Tombstone]) -> Result<(), Error> {
    let _one_at_a_time = core.compacting.lock();
    if core.stops() {
        return Err(Error::Closed);
    }
    let sealed = core.sealed_before();
    let segments = core.view.read().segments.clone();
    let mut settled = Vec::new();
    for stone in tombstones.iter().filter(|stone| stone.before <= sealed) {
        let mut left = false;
        for segment in &segments {
            left |= holds_erased(segment, std::slice::from_ref(stone))?;
        }
        if !left {
            settled.push(*stone);
        }
    }
    if !settled.is_empty() {
        core.change(Change { settled, ..Change::default() })?;
    }
    Ok(())
}

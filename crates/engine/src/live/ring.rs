//! The newest events, in memory: what subscribers that keep up are served from.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;
use tracklane_core::event::{Event, LogPosition};
use tracklane_core::id::TenantId;

/// How many events are kept.
const CAPACITY: usize = 8_192;

/// An event with its place.
pub(super) type Placed = (LogPosition, Arc<Event>);

/// The newest events of all tenants.
pub(super) struct Ring {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    events: VecDeque<Placed>,
    /// Everything behind this place, up to `head`, is in memory.
    floor: LogPosition,
    /// The place of the newest event.
    head: LogPosition,
    /// False until it is known where the log stood at the start.
    started: bool,
}

impl Ring {
    /// An empty ring that does not know yet where the log stands.
    pub fn new() -> Self {
        Self { inner: RwLock::default() }
    }

    /// Begins at this place.
    pub fn start(&self, head: LogPosition) {
        let mut inner = self.inner.write();
        (inner.floor, inner.head, inner.started) = (head, head, true);
    }

    /// The place of the newest event.
    pub fn head(&self) -> LogPosition {
        self.inner.read().head
    }

    /// Adds events that follow the newest one.
    pub fn extend(&self, events: &[Placed]) {
        let mut inner = self.inner.write();
        for (place, event) in events {
            if inner.events.len() == CAPACITY
                && let Some((gone, _)) = inner.events.pop_front()
            {
                inner.floor = gone;
            }
            inner.events.push_back((*place, event.clone()));
            inner.head = *place;
        }
    }

    /// At most `limit` wanted events of a tenant behind `from`, and how far that reaches; none when memory does not go
    /// back that far.
    pub fn after(
        &self,
        from: LogPosition,
        tenant: TenantId,
        limit: usize,
        wants: impl Fn(&Event) -> bool,
    ) -> Option<(Vec<Placed>, LogPosition)> {
        let inner = self.inner.read();
        if !inner.started || from < inner.floor {
            return None;
        }
        let first = inner.events.partition_point(|(place, _)| *place <= from);
        let mut found = Vec::new();
        for (place, event) in inner.events.range(first..) {
            if event.tenant_id == tenant && wants(event) {
                found.push((*place, event.clone()));
                if found.len() == limit {
                    return Some((found, *place));
                }
            }
        }
        Some((found, inner.head.max(from)))
    }
}

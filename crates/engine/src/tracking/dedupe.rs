//! Which rows history has already. Only rows that are older than the latest fix time known ask; ordinary ones ask nothing.

use std::collections::HashMap;

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::Position;
use tracklane_core::time::Micros;

use super::states::ShardStates;
use super::turn::Row;

/// How many kept positions of one device one submission looks at. Rows beyond are taken for late, and replace what is there.
const MOST: usize = 20_000;

/// Rows of one device further apart than this, in seconds, are asked for by themselves: what lies between them may be much.
const APART_S: i64 = 3_600;

/// What history has around late rows.
#[derive(Default)]
pub(super) struct Known {
    /// The times of the rows it has, and whether they are marked.
    times: HashMap<(DeviceId, Timestamp), bool>,
    tracks: HashMap<DeviceId, Vec<Position>>,
}

impl Known {
    /// Whether the row that history has of this device and fix time is marked; none when it has none.
    pub fn is_marked(&self, position: &Position) -> Option<bool> {
        self.times.get(&(position.device_id, position.fix_time)).copied()
    }

    /// What history has of a device from before its first late row on, oldest first.
    pub fn track(&self, device: DeviceId) -> &[Position] {
        self.tracks.get(&device).map_or(&[], Vec::as_slice)
    }

    /// The same, as if no row were known: for rows that are themselves taken from history.
    pub fn but_rows(self) -> Self {
        Self { times: HashMap::new(), ..self }
    }

    /// The same, as if these rows were not known.
    pub fn but_rows_of(mut self, rows: &[Row]) -> Self {
        for Row { position, .. } in rows {
            self.times.remove(&(position.device_id, position.fix_time));
        }
        self
    }
}

/// The spans of history that late rows fall into; `rows` are sorted by device and fix time. Where the way is done again, for rows
/// up to `window_s` seconds behind the newest, that is from before the first one up to the newest.
pub(super) fn late_spans<'a>(
    rows: impl Iterator<Item = &'a Position>,
    states: &ShardStates,
    window_s: impl Fn(TenantId) -> u32,
) -> Vec<HistoryQuery> {
    let mut spans: Vec<HistoryQuery> = Vec::new();
    for position in rows {
        let Some(state) = states.get(&position.device_id) else { continue };
        // The latest itself is known without asking.
        let Some(furthest) = state.furthest.filter(|furthest| Micros::from(position.fix_time) < *furthest) else {
            continue;
        };
        let window_s = window_s(position.tenant_id);
        let start = state.start_before(position.fix_time, window_s);
        let from = start.map_or(position.fix_time, |start| start.from(window_s).min(position.fix_time));
        let to = just_after(if start.is_some() { furthest.into() } else { position.fix_time });
        match spans.last_mut() {
            Some(span) if span.device_id == position.device_id && from <= long_after(span.to) => {
                (span.from, span.to) = (span.from.min(from), span.to.max(to));
            }
            _ => spans.push(HistoryQuery {
                tenant_id: position.tenant_id,
                device_id: position.device_id,
                from,
                to,
                limit: MOST,
            }),
        }
    }
    spans
}

/// Asks history. A history that does not answer knows nothing: a late row is then kept again, which changes nothing.
pub(super) async fn ask(history: &dyn PositionHistory, spans: Vec<HistoryQuery>) -> Known {
    let mut known = Known::default();
    for span in spans {
        let device = span.device_id;
        match history.range(span).await {
            Ok(found) => {
                known.times.extend(found.iter().map(|position| ((device, position.fix_time), position.mark.is_some())));
                // The last one reaches up to the newest.
                known.tracks.insert(device, found);
            }
            Err(error) => tracing::warn!(%error, "history does not say which late positions it has"),
        }
    }
    known
}

fn long_after(at: Timestamp) -> Timestamp {
    at.saturating_add(jiff::SignedDuration::from_secs(APART_S)).unwrap_or(Timestamp::MAX)
}

/// The next instant that history tells apart from this one.
pub(crate) fn just_after(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond() + 1).unwrap_or(at)
}

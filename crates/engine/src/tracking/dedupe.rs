//! Which rows history has already. Only rows that are older than the latest fix time known ask; ordinary ones ask nothing.

use std::collections::HashSet;

use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::ports::{HistoryQuery, PositionHistory};

use super::states::ShardStates;
use super::turn::Row;

/// How many kept positions of one device one submission looks at. Rows beyond are taken for late, and replace what is there.
const MOST: usize = 20_000;

/// The fix times that history has.
pub(super) type Known = HashSet<(DeviceId, Timestamp)>;

/// The spans of history that rows fall into which may be known; `rows` are sorted by device and fix time.
pub(super) fn late_spans(rows: &[Row], states: &ShardStates) -> Vec<HistoryQuery> {
    let mut spans: Vec<HistoryQuery> = Vec::new();
    for Row { position, .. } in rows {
        let furthest = states.get(&position.device_id).and_then(|state| state.furthest);
        // The latest itself is known without asking.
        if furthest.is_none_or(|furthest| position.fix_time >= furthest) {
            continue;
        }
        let end = just_after(position.fix_time);
        match spans.last_mut() {
            Some(span) if span.device_id == position.device_id => span.to = end,
            _ => spans.push(HistoryQuery {
                tenant_id: position.tenant_id,
                device_id: position.device_id,
                from: position.fix_time,
                to: end,
                limit: MOST,
            }),
        }
    }
    spans
}

/// Asks history. A history that does not answer knows nothing: a late row is then kept again, which changes nothing.
pub(super) async fn ask(history: &dyn PositionHistory, spans: Vec<HistoryQuery>) -> Known {
    let mut known = Known::new();
    for span in spans {
        match history.range(span).await {
            Ok(found) => known.extend(found.into_iter().map(|position| (position.device_id, position.fix_time))),
            Err(error) => tracing::warn!(%error, "history does not say which late positions it has"),
        }
    }
    known
}

/// The next instant that history tells apart from this one.
pub(super) fn just_after(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond() + 1).unwrap_or(at)
}
